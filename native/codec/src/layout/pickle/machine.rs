//! Stack and memo of a pickle.

use std::collections::HashMap;

use super::opcode::{Argument, Effect, Items, argument, look_up, unsigned};
use super::value::{Callable, Node, Value, callable, number, pairs, whole};
use super::{End, PUSHES_MAX, Storage, TensorView};

/// Most dimensions of a tensor, and longest key of a storage: every tensor has a copy of both.
const RANK_MAX: usize = 64;
const KEY_BYTES_MAX: usize = 256;

/// The state while a pickle is read.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
    pushes: usize,
    keys: Vec<Vec<u8>>,
    storages: HashMap<Vec<u8>, Storage>,
    pub(super) nodes: Vec<Node>,
    pub(super) tensors: Vec<TensorView>,
    /// What the pickle is, once it has been read.
    pub(super) root: Value,
}

/// `None`: the pickle is broken or past a bound.
type Step = Option<()>;

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            pushes: 0,
            keys: Vec::new(),
            storages: HashMap::new(),
            nodes: Vec::new(),
            tensors: Vec::new(),
            root: Value::Other,
        }
    }

    pub(super) fn into_storages(self) -> HashMap<Vec<u8>, Storage> {
        self.storages
    }

    /// Reads opcode by opcode to the end.
    pub(super) fn run(&mut self) -> End {
        loop {
            let Some(&opcode) = self.bytes.get(self.at) else {
                return End::Short;
            };
            let Some((effect, kind)) = look_up(opcode) else {
                return End::Broken;
            };
            let start = self.at + 1;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let Some((found, length)) = argument(rest, kind) else {
                return End::Short;
            };
            let text_at = start + length - found.len();
            self.at = start + length;
            if effect == Effect::Stop {
                self.root = self.stack.pop().unwrap_or(Value::Other);
                return End::Complete(self.at);
            }
            if self.apply(effect, kind, found, text_at).is_none() {
                return End::Broken;
            }
        }
    }

    fn apply(&mut self, effect: Effect, kind: Argument, found: &[u8], text_at: usize) -> Step {
        match effect {
            Effect::Nothing | Effect::Stop => Some(()),
            Effect::Mark => {
                self.count()?;
                self.marks.push(self.stack.len());
                Some(())
            }
            Effect::Pop => self.pop().map(drop).or_else(|| self.pop_mark().map(drop)),
            Effect::PopMark => self.pop_mark().map(drop),
            Effect::Duplicate => self.push(*self.stack.last()?),
            Effect::PushOther => self.push(Value::Other),
            Effect::PushNumber => self.push(number(found, kind)),
            Effect::PushText => {
                let length = u32::try_from(found.len()).ok()?;
                self.push(Value::Text(u32::try_from(text_at).ok()?, length))
            }
            Effect::PushTuple(items) => {
                let items = self.take(items)?;
                self.push_node(Node::Tuple(items))
            }
            Effect::PushList(items) => {
                let items = self.take(items)?;
                self.push_node(Node::List(items))
            }
            Effect::PushDict(items) => {
                let items = pairs(&self.take(items)?);
                self.push_node(Node::Dict(items))
            }
            Effect::Append(_) | Effect::SetItem(_) | Effect::Build => self.extend(effect),
            Effect::Put | Effect::Get | Effect::Memoize => self.remember(effect, kind, found),
            _ => self.call(effect, found),
        }
    }

    /// Memo: entries are counted like pushes.
    fn remember(&mut self, effect: Effect, kind: Argument, found: &[u8]) -> Step {
        let slot = match (effect, kind) {
            (Effect::Memoize, _) => self.memo.len() as u64,
            (_, Argument::Line) => std::str::from_utf8(found).ok()?.trim().parse().ok()?,
            _ => unsigned(found)?,
        };
        if effect == Effect::Get {
            let value = *self.memo.get(&slot)?;
            return self.push(value);
        }
        self.count()?;
        self.memo.insert(slot, *self.stack.last()?);
        Some(())
    }

    /// Puts values into the list, dict or object under them.
    fn extend(&mut self, effect: Effect) -> Step {
        let items = match effect {
            Effect::Append(items) | Effect::SetItem(items) => self.take(items)?,
            _ => vec![self.pop()?],
        };
        let Value::Node(into) = *self.stack.last()? else {
            return Some(());
        };
        let into = into as usize;
        let added = match effect {
            // A state is a dict, or a pair of one and the slots.
            Effect::Build => match self.node(*items.first()?) {
                Some(Node::Dict(state)) => state.clone(),
                _ => Vec::new(),
            },
            _ => pairs(&items),
        };
        // A dict built on itself doubles: what is copied counts like pushes.
        self.pushes = self.pushes.saturating_add(added.len());
        self.count()?;
        match (self.nodes.get_mut(into)?, effect) {
            (Node::List(list), Effect::Append(_)) => list.extend(items),
            (Node::Dict(dict), Effect::SetItem(_) | Effect::Build) => dict.extend(added),
            _ => {}
        }
        Some(())
    }

    fn call(&mut self, effect: Effect, found: &[u8]) -> Step {
        match effect {
            Effect::Global => {
                let mut lines = found.split(|&byte| byte == b'\n');
                let callable = callable(lines.next()?, lines.next()?);
                self.push(Value::Callable(callable))
            }
            Effect::StackGlobal => {
                let (name, module) = (self.pop()?, self.pop()?);
                let callable = match (self.text(module), self.text(name)) {
                    (Some(module), Some(name)) => callable(module, name),
                    _ => Callable::Other,
                };
                self.push(Value::Callable(callable))
            }
            Effect::Call => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.make(callable, arguments)
            }
            Effect::CallWithKeywords => {
                self.take(Items::Top(3))?;
                self.push_node(Node::Dict(Vec::new()))
            }
            Effect::CallToMark | Effect::CallGlobal => {
                self.take(Items::Mark)?;
                self.push_node(Node::Dict(Vec::new()))
            }
            Effect::Persistent => {
                let id = self.pop()?;
                let value = self.storage(id).unwrap_or(Value::Other);
                self.push(value)
            }
            _ => None,
        }
    }

    /// What a callable makes of its arguments: a tensor, or an object whose contents may follow.
    fn make(&mut self, callable: Value, arguments: Value) -> Step {
        let made = self.tensor(callable, arguments);
        match made {
            Some(value) => self.push(value),
            None => self.push_node(Node::Dict(Vec::new())),
        }
    }

    fn tensor(&mut self, callable: Value, arguments: Value) -> Option<Value> {
        let Value::Callable(callable) = callable else {
            return None;
        };
        let Node::Tuple(items) = self.node(arguments)? else {
            return None;
        };
        let item = |index: usize| items.get(index).copied();
        match callable {
            Callable::RebuildFirst => item(0).filter(|first| matches!(first, Value::Tensor(_))),
            Callable::RebuildFrom => {
                let (callable, arguments) = (item(0)?, item(2)?);
                // Once: a callable that calls itself in its own arguments would not end.
                match callable {
                    Value::Callable(Callable::RebuildFrom) => None,
                    _ => self.tensor(callable, arguments),
                }
            }
            Callable::RebuildTensor | Callable::RebuildTyped => {
                let Value::Storage(key) = item(0)? else {
                    return None;
                };
                let given = match item(6) {
                    Some(Value::Callable(Callable::Dtype(dtype))) => Some(dtype),
                    _ => None,
                };
                let view = TensorView {
                    storage: self.keys.get(key as usize)?.clone(),
                    first: whole(item(1)?)?,
                    shape: self.numbers(item(2)?)?,
                    strides: self.numbers(item(3)?)?,
                    dtype: given,
                };
                self.add_tensor(view)
            }
            _ => None,
        }
    }

    fn add_tensor(&mut self, mut view: TensorView) -> Option<Value> {
        let storage = self.storages.get_mut(&view.storage)?;
        view.dtype = view.dtype.or(storage.dtype);
        storage.dtype = storage.dtype.or(view.dtype);
        self.tensors.push(view);
        Some(Value::Tensor(u32::try_from(self.tensors.len() - 1).ok()?))
    }

    /// ('storage', class, key, location, number of elements)
    fn storage(&mut self, id: Value) -> Option<Value> {
        let Node::Tuple(items) = self.node(id)? else {
            return None;
        };
        let [tag, class, key, _, count, ..] = *items.as_slice() else {
            return None;
        };
        if self.text(tag)? != b"storage" {
            return None;
        }
        let Value::Callable(Callable::Storage(dtype)) = class else {
            return None;
        };
        let key = self.text(key).filter(|key| key.len() <= KEY_BYTES_MAX)?;
        let (key, count) = (key.to_vec(), whole(count)?);
        let bytes = dtype.map_or(Some(count), |dtype| dtype.bytes_of(count));
        let found = Storage { dtype, bytes };
        self.storages.entry(key.clone()).or_insert(found);
        self.keys.push(key);
        Some(Value::Storage(u32::try_from(self.keys.len() - 1).ok()?))
    }

    pub(super) fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    pub(super) fn text(&self, value: Value) -> Option<&'a [u8]> {
        let Value::Text(at, length) = value else {
            return None;
        };
        self.bytes.get(at as usize..)?.get(..length as usize)
    }

    /// A tuple of whole numbers, one for each dimension.
    fn numbers(&self, value: Value) -> Option<Vec<u64>> {
        match self.node(value)? {
            Node::Tuple(items) | Node::List(items) if items.len() <= RANK_MAX => {
                items.iter().copied().map(whole).collect()
            }
            _ => None,
        }
    }

    fn count(&mut self) -> Step {
        self.pushes += 1;
        (self.pushes <= PUSHES_MAX).then_some(())
    }

    fn push(&mut self, value: Value) -> Step {
        self.count()?;
        self.stack.push(value);
        Some(())
    }

    fn push_node(&mut self, node: Node) -> Step {
        let index = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(node);
        self.push(Value::Node(index))
    }

    /// The top of the stack; never from below the innermost mark.
    fn pop(&mut self) -> Option<Value> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() > floor {
            self.stack.pop()
        } else {
            None
        }
    }

    fn pop_mark(&mut self) -> Option<Vec<Value>> {
        let mark = self.marks.pop()?;
        (mark <= self.stack.len()).then(|| self.stack.split_off(mark))
    }

    fn take(&mut self, items: Items) -> Option<Vec<Value>> {
        match items {
            Items::Mark => self.pop_mark(),
            Items::Top(count) => {
                let floor = self.marks.last().copied().unwrap_or(0);
                let start = self.stack.len().checked_sub(count)?;
                (start >= floor).then(|| self.stack.split_off(start))
            }
        }
    }
}
