//! A stage of the job of many machines, whose reads and writes JavaScript does.
//!
//! The stage runs on a thread of its own and says step by step what it needs: bytes of its sources,
//! or that bytes of an output are ready. It is never ahead by more than one output.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use mithril_dedup::Error;
use mithril_dedup::job::{Host, Piece, call};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use mithril_napi_common::outcome::{Outcome, guard, number};
use mithril_napi_common::work::Work;

#[napi(object, object_from_js = false)]
pub struct PieceOfSource {
    pub source: f64,
    pub offset: f64,
    pub length: f64,
}

#[napi(object, object_from_js = false)]
pub struct StageStep {
    /// `read`: the pieces are to be given to the next step; `write`: `bytes` belong to `output`;
    /// `done`: `summary` is the answer.
    pub kind: String,
    pub pieces: Vec<PieceOfSource>,
    /// What will probably be read next.
    pub next: Option<PieceOfSource>,
    pub output: f64,
    pub bytes: Option<Buffer>,
    pub summary: Option<String>,
}

enum Message {
    Read(Vec<Piece>, Option<Piece>),
    Write(usize, Vec<u8>),
    Done(Outcome<String>),
}

/// What the thread of the stage speaks through.
struct Steps {
    messages: SyncSender<Message>,
    answers: Receiver<Vec<Vec<u8>>>,
}

impl Host for Steps {
    fn read(
        &self,
        pieces: &[Piece],
        next: Option<Piece>,
    ) -> std::result::Result<Vec<Vec<u8>>, Error> {
        let asked = self.messages.send(Message::Read(pieces.to_vec(), next));
        asked.map_err(|_| Error::cancelled("stopped"))?;
        let answer = self
            .answers
            .recv()
            .map_err(|_| Error::cancelled("stopped"))?;
        let fits = answer.len() == pieces.len()
            && answer
                .iter()
                .zip(pieces)
                .all(|(bytes, piece)| bytes.len() as u64 == piece.length);
        if fits {
            Ok(answer)
        } else {
            let expected = "the bytes of every piece";
            Err(Error::invalid_argument("an answer", expected, "others"))
        }
    }

    fn write(&self, output: usize, bytes: Vec<u8>) -> std::result::Result<(), Error> {
        let told = self.messages.send(Message::Write(output, bytes));
        told.map_err(|_| Error::cancelled("stopped"))
    }
}

/// JavaScript's end of the channels.
struct Driver {
    messages: Receiver<Message>,
    answers: Option<SyncSender<Vec<Vec<u8>>>>,
}

/// A stage that was started. It ends early when this is collected.
#[napi]
pub struct DedupStage(Arc<Mutex<Driver>>);

#[napi]
impl DedupStage {
    /// `request`: `{"spec": ..., "call": ...}` in JSON.
    #[napi(constructor)]
    #[must_use]
    pub fn new(request: String) -> Self {
        let (messages, to_take) = sync_channel(1);
        let (to_answer, answers) = sync_channel(1);
        std::thread::spawn(move || {
            let steps = Steps { messages, answers };
            let done = guard(|| Ok(call(&steps, &request)?));
            // Nobody listens any more where the stage was given up.
            drop(steps.messages.send(Message::Done(done)));
        });
        Self(Arc::new(Mutex::new(Driver {
            messages: to_take,
            answers: Some(to_answer),
        })))
    }

    /// What the stage needs next. `answer`: the pieces that the step before asked for.
    #[napi]
    pub fn step(&self, answer: Option<Vec<Buffer>>) -> AsyncTask<Work<StageStep>> {
        let driver = Arc::clone(&self.0);
        let mut answer = answer.map(|pieces| pieces.iter().map(|piece| piece.to_vec()).collect());
        Work::of(move || {
            let driver = driver.lock().unwrap_or_else(PoisonError::into_inner);
            if let (Some(answers), Some(answer)) = (&driver.answers, answer.take()) {
                answers
                    .send(answer)
                    .map_err(|_| Error::cancelled("stopped"))?;
            }
            let message = driver
                .messages
                .recv()
                .map_err(|_| Error::cancelled("stopped"))?;
            step_of(message)
        })
    }

    /// Ends the stage: its thread finds nobody to ask.
    #[napi]
    pub fn cancel(&self) {
        let mut driver = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        driver.answers = None;
        driver.messages = sync_channel(0).1;
    }
}

fn step_of(message: Message) -> Outcome<StageStep> {
    let step = |kind: &str| StageStep {
        kind: kind.to_owned(),
        pieces: Vec::new(),
        next: None,
        output: 0.0,
        bytes: None,
        summary: None,
    };
    Ok(match message {
        Message::Read(pieces, next) => StageStep {
            pieces: pieces.into_iter().map(piece_of).collect(),
            next: next.map(piece_of),
            ..step("read")
        },
        Message::Write(output, bytes) => StageStep {
            output: number(output as u64),
            bytes: Some(bytes.into()),
            ..step("write")
        },
        Message::Done(summary) => StageStep {
            summary: Some(summary?),
            ..step("done")
        },
    })
}

fn piece_of(piece: Piece) -> PieceOfSource {
    PieceOfSource {
        source: number(piece.source as u64),
        offset: number(piece.offset),
        length: number(piece.length),
    }
}
