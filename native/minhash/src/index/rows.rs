//! Rows of files, split by split on several threads, their results in the order of the rows.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::hash::{checked, text_of_line};
use crate::input::json::{Value, find_field, unescape};
use crate::input::{Reason, Reject};
use crate::run::pool::{lock, on_threads, unlocked};
use crate::run::splits::{FilePart, Splits, Task};
use crate::run::{InputFile, Progress, Stage};

/// Files of rows, and how they are read.
#[derive(Debug, Clone)]
pub struct RowFiles {
    /// In the order of their rows.
    pub inputs: Vec<InputFile>,
    /// Name of the field that holds the text.
    pub text_key: String,
    /// Name of the field that identifies rows; without it a row is `"FILE:OFFSET"`.
    pub id_key: Option<String>,
    /// Largest share of rows that cannot be used, 0 to 1.
    pub bad_share_max: f64,
    /// Threads, at least 1.
    pub threads: usize,
    /// Bytes of a split of lines.
    pub split_bytes: u64,
}

/// How many rows were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsRead {
    /// Rows with a text.
    pub rows: u64,
    /// Rows that could not be used.
    pub rejected: u64,
}

/// A row with its text.
pub(super) struct Row<'a> {
    pub(super) text: &'a str,
    /// A JSON value.
    pub(super) id: String,
}

/// What a split gave: the result of its rows, how many, and what could not be used.
type Done<T> = (T, u64, usize, Vec<Reject>);

/// Results that wait for those of earlier splits.
struct Queue<T, F> {
    waiting: BTreeMap<usize, Done<T>>,
    next: usize,
    take: F,
    read: RowsRead,
    first_reject: Option<(usize, Reject)>,
}

impl RowFiles {
    /// Gives every row to `work`, which adds to the result of its split; `take` gets the results in
    /// order. `state` is made once a thread.
    pub(super) fn map<S, T: Default + Send>(
        &self,
        progress: &Progress,
        state: impl Fn() -> Result<S> + Sync,
        work: impl Fn(&mut S, &mut T, Row<'_>) -> Result<()> + Sync,
        take: impl FnMut(T) -> Result<()> + Send,
    ) -> Result<RowsRead> {
        let inputs = &self.inputs;
        progress.enter(Stage::Hash)?;
        progress.expect(inputs.iter().map(|it| it.bytes).sum());
        let parts = FilePart::whole(0..inputs.len());
        let splits = Splits::of(inputs, &self.text_key, self.split_bytes, parts);
        let queue = Mutex::new(Queue {
            waiting: BTreeMap::new(),
            next: 0,
            take,
            read: RowsRead::default(),
            first_reject: None,
        });
        on_threads(self.threads, || {
            let mut state = state()?;
            let mut room = Vec::new();
            while let Some(task) = splits.next()? {
                let (turn, bytes) = (task.turn, task.bytes);
                let done;
                (done, room) = self.rows_of(task, room, |out, row| work(&mut state, out, row))?;
                lock(&queue).put(turn, done)?;
                progress.advance(bytes)?;
            }
            Ok(())
        })?;
        let queue = unlocked(queue);
        self.judge(queue.read, queue.first_reject)?;
        Ok(queue.read)
    }

    /// The results of a split, and the buffer to be used again.
    fn rows_of<T: Default>(
        &self,
        task: Task,
        room: Vec<u8>,
        mut work: impl FnMut(&mut T, Row<'_>) -> Result<()>,
    ) -> Result<(Done<T>, Vec<u8>)> {
        let file = task.file;
        let (mut out, mut rows, mut rejects) = (T::default(), 0, Vec::new());
        let mut unescaped = String::new();
        let mut result = Ok(());
        let names: Vec<&str> = [Some(&self.text_key), self.id_key.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let visit =
            |offset, line: &[u8]| match text_of_line(line, &self.text_key, false, &mut unescaped) {
                Ok(text) => {
                    let id = self.id_of(line, file, offset);
                    rows += 1;
                    if result.is_ok() {
                        result = work(&mut out, Row { text, id });
                    }
                }
                Err(reason) => rejects.push(Reject {
                    offset,
                    bytes: line.len() as u64,
                    reason,
                }),
            };
        let (room, too_long) = task.visit_lines(&self.inputs, (&names, room), visit)?;
        result?;
        if let Some((offset, bytes)) = too_long {
            let reason = Reason::LineTooLong;
            rejects.push(Reject {
                offset,
                bytes,
                reason,
            });
        }
        Ok(((out, rows, file, rejects), room))
    }

    /// The user's own id as it stands in the row, or its place.
    fn id_of(&self, line: &[u8], file: usize, offset: u64) -> String {
        let Some(key) = &self.id_key else {
            let name = self.inputs.get(file).map_or("", |input| &input.name);
            return serde_json::Value::from(format!("{name}:{offset}")).to_string();
        };
        let found = checked(line, true).and_then(|line| find_field(line, key));
        match found {
            Ok(Some(Value::String(text, false))) => format!("\"{text}\""),
            Ok(Some(Value::String(text, true))) => plainly(text),
            Ok(Some(Value::Other(value))) => value.to_owned(),
            _ => "null".to_owned(),
        }
    }

    fn judge(&self, read: RowsRead, first: Option<(usize, Reject)>) -> Result<()> {
        let RowsRead { rows, rejected } = read;
        #[expect(clippy::cast_precision_loss, reason = "a share for a comparison")]
        let is_too_many = rejected as f64 > self.bad_share_max * (rows + rejected) as f64;
        let Some((file, reject)) = first.filter(|_| is_too_many) else {
            return Ok(());
        };
        let name = self.inputs.get(file).map_or("", |input| &input.name);
        let (reason, offset) = (reject.reason.as_str(), reject.offset);
        Err(Error::too_many_bad_rows(
            format!("at most {}%", self.bad_share_max * 100.0),
            format!(
                "{rejected} of {}, the first {reason} at byte {offset} of {name}",
                rows + rejected
            ),
        ))
    }
}

/// A string that has escapes, with those only that it needs: equal ids are equal texts.
fn plainly(raw: &str) -> String {
    let mut text = String::new();
    match unescape(raw, &mut text) {
        Ok(()) => serde_json::Value::from(text).to_string(),
        Err(_) => "null".to_owned(),
    }
}

impl<T, F: FnMut(T) -> Result<()>> Queue<T, F> {
    /// Takes the result of a split, and hands on all whose turn it is.
    fn put(&mut self, turn: usize, done: Done<T>) -> Result<()> {
        self.waiting.insert(turn, done);
        while let Some((result, rows, file, rejects)) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.read.rows += rows;
            self.read.rejected += rejects.len() as u64;
            let first = rejects.first().map(|reject| (file, *reject));
            self.first_reject = self.first_reject.or(first);
            (self.take)(result)?;
        }
        Ok(())
    }
}
