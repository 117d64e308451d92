//! The names under which a pickled object holds its tensors.

use super::TensorView;
use super::machine::Machine;
use super::value::{Node, Value};

/// How deep tensors are looked for.
const DEPTH_MAX: usize = 16;
/// Longest name; longer ones are left out.
const NAME_BYTES_MAX: usize = 1024;
/// Bytes of all names together.
const NAMES_BYTES_MAX: usize = 32 << 20;
/// The name of a tensor that was saved by itself.
const ROOT_NAME: &str = "tensor";

/// All tensors that the root holds: keys of dicts and places in lists, joined by dots.
///
/// Each tuple, list and dict is entered once, however often it is referred to.
pub(super) fn named_tensors(machine: &Machine<'_>) -> Vec<(String, TensorView)> {
    let mut walk = Walk {
        machine,
        is_seen: vec![false; machine.nodes.len()],
        name_bytes: 0,
        found: Vec::new(),
    };
    walk.enter(machine.root, &mut String::new(), 0);
    walk.found
}

struct Walk<'a> {
    machine: &'a Machine<'a>,
    is_seen: Vec<bool>,
    name_bytes: usize,
    found: Vec<(String, TensorView)>,
}

impl Walk<'_> {
    fn enter(&mut self, value: Value, path: &mut String, depth: usize) {
        match value {
            Value::Tensor(index) => self.add(index, path),
            Value::Node(index) if depth < DEPTH_MAX => {
                let is_new = self
                    .is_seen
                    .get_mut(index as usize)
                    .is_some_and(|is_seen| !std::mem::replace(is_seen, true));
                if is_new {
                    self.enter_node(index as usize, path, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn enter_node(&mut self, index: usize, path: &mut String, depth: usize) {
        let length = path.len();
        match self.machine.nodes.get(index) {
            Some(Node::Tuple(items) | Node::List(items)) => {
                for (place, &item) in items.iter().enumerate() {
                    if matches!(item, Value::Tensor(_) | Value::Node(_)) {
                        extend(path, &place.to_string());
                        self.enter(item, path, depth);
                        path.truncate(length);
                    }
                }
            }
            Some(Node::Dict(items)) => {
                for &(key, item) in items {
                    if let (Value::Tensor(_) | Value::Node(_), Some(key)) = (item, self.key(key)) {
                        extend(path, &key);
                        self.enter(item, path, depth);
                        path.truncate(length);
                    }
                }
            }
            None => {}
        }
    }

    fn key(&self, value: Value) -> Option<String> {
        if let Value::Number(number) = value {
            return Some(number.to_string());
        }
        let text = self.machine.text(value)?;
        (text.len() <= NAME_BYTES_MAX).then(|| String::from_utf8_lossy(text).into_owned())
    }

    fn add(&mut self, index: u32, path: &str) {
        let name = if path.is_empty() { ROOT_NAME } else { path };
        let Some(view) = self.machine.tensors.get(index as usize) else {
            return;
        };
        self.name_bytes += name.len() + view.shape.len() * 16;
        if name.len() <= NAME_BYTES_MAX && self.name_bytes <= NAMES_BYTES_MAX {
            self.found.push((name.to_owned(), view.clone()));
        }
    }
}

fn extend(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(part);
}
