//! Stage 5: what is kept is copied from the inputs, in their order.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use super::annotate::{Annotations, OfEntry};
use super::decide::Decisions;
use super::inputs::Container;
use super::output_columns::Copy;
use super::pool::{lock, map_tasks, on_threads, unlocked};
use super::spills::{Entry, Spills};
use super::splits::{FilePart, Splits};
use super::whole_file::WholeFile;
use super::{Context, Mode};
use crate::bits::Bits;
use crate::error::{Error, Result};
use crate::input::split::Lines;
use crate::output::sink::{Sink, copy_lines};
use crate::spill::Span;

/// Outputs that are written and not yet in their places.
pub(super) struct Written(Vec<Output>);

impl Written {
    /// Puts all outputs in their places.
    pub(super) fn publish(self) -> Result<()> {
        self.0.into_iter().try_for_each(Output::publish)
    }
}

pub(super) fn write(
    context: Context<'_>,
    spills: &Spills,
    decisions: &Decisions,
) -> Result<Written> {
    let Context { job, progress, .. } = context;
    let inputs = job.inputs.get(job.references..).unwrap_or_default();
    progress.expect(inputs.iter().map(|input| input.bytes).sum());
    let annotations = match job.mode {
        Mode::Annotate => Some(Annotations::of(context, spills, decisions)?),
        Mode::Drop | Mode::DropAll => None,
    };
    let outputs = job.outputs.iter().map(|path| Output::create(path));
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    let (of_lines, of_columns): (Vec<_>, Vec<_>) = (job.references..job.inputs.len())
        .partition(|file| job.inputs[*file].container != Container::Parquet);
    let copy = Copy {
        context,
        spills,
        decisions,
        annotations: annotations.as_ref(),
    };
    map_tasks(
        job.threads,
        of_columns.len(),
        || Ok(()),
        |(), at| outputs[of_columns[at] - job.references].write_columns(&copy, of_columns[at]),
    )?;
    let turns = Turns::new(outputs);
    let splits = Splits::new(job, FilePart::whole(of_lines));
    let done = on_threads(job.threads, || {
        let mut room = Vec::new();
        while let Some(task) = splits.next()? {
            let (file, index, bytes) = (task.file, task.index, task.bytes);
            let turn = task.turn;
            let lines = task.lines(&job.inputs, room);
            let at = spills.find(file, index);
            let spans = at.map(|at| spills.spans(at)).transpose();
            let lines = turns.take(turn, |outputs| {
                let lines = lines?;
                if let (Some(at), Some(spans)) = (at, spans?) {
                    let entry = &spills.entries()[at];
                    let output = &mut outputs[file - job.references];
                    match &annotations {
                        None => output.copy(&lines, entry, &spans, &decisions.dropped)?,
                        Some(annotations) => {
                            let annotations = annotations.of_entry(entry)?;
                            output.annotate(&lines, entry, &spans, &annotations)?;
                        }
                    }
                }
                progress.advance(bytes)?;
                Ok(lines)
            })?;
            room = lines.bytes;
        }
        Ok(())
    });
    turns.end(done).map(Written)
}

/// Lets threads write in the order of the splits.
struct Turns {
    state: Mutex<(usize, Vec<Output>)>,
    changed: Condvar,
}

/// The turn that never comes.
const NEVER: usize = usize::MAX;

impl Turns {
    fn new(outputs: Vec<Output>) -> Self {
        Self {
            state: Mutex::new((0, outputs)),
            changed: Condvar::new(),
        }
    }

    /// Waits for turn number `turn`. After an error nobody's turn comes: all end.
    fn take<T>(&self, turn: usize, write: impl FnOnce(&mut [Output]) -> Result<T>) -> Result<T> {
        let waited = self.changed.wait_while(lock(&self.state), |(next, _)| {
            *next != turn && *next != NEVER
        });
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.0 == NEVER {
            return Err(Error::cancelled("stopped"));
        }
        let result = write(&mut state.1);
        state.0 = if result.is_ok() { turn + 1 } else { NEVER };
        self.changed.notify_all();
        result
    }

    fn end(self, done: Result<()>) -> Result<Vec<Output>> {
        let (_, outputs) = unlocked(self.state);
        done.map(|()| outputs)
    }
}

struct Output {
    whole: WholeFile,
    out: Out,
}

enum Out {
    Lines(Box<Sink<File>>),
    Columns(File),
}

impl Output {
    fn create(path: &Path) -> Result<Self> {
        let whole = WholeFile::at(path);
        let file = whole.create()?;
        let out = match Container::of_name(path)? {
            Container::Parquet => Out::Columns(file),
            Container::Lines(compression) => {
                let sink = Sink::new(file, compression);
                Out::Lines(Box::new(
                    sink.map_err(|error| whole.failed("create", error))?,
                ))
            }
        };
        Ok(Self { whole, out })
    }

    /// Writes all of the output of a Parquet file.
    fn write_columns(&self, copy: &Copy<'_>, input: usize) -> Result<()> {
        match &self.out {
            Out::Columns(file) => copy.write(input, &self.whole, file),
            Out::Lines(_) => Ok(()),
        }
    }

    /// Where lines go.
    fn lines(&mut self) -> &mut dyn Write {
        match &mut self.out {
            Out::Lines(sink) => &mut **sink,
            Out::Columns(file) => file,
        }
    }

    /// Writes the rows of a split that are not dropped, as they stand in the input.
    fn copy(&mut self, lines: &Lines, entry: &Entry, spans: &[Span], dropped: &Bits) -> Result<()> {
        let rows = entry.range().zip(spans);
        let kept = rows.filter(|(row, _)| !dropped.contains(*row));
        let spans = kept.map(|(_, span)| *span);
        let written = copy_lines(lines, spans, &mut self.lines());
        written.map_err(|error| self.whole.failed("write", error))
    }

    /// Writes every row of a split with a field more.
    fn annotate(
        &mut self,
        lines: &Lines,
        entry: &Entry,
        spans: &[Span],
        annotations: &OfEntry<'_>,
    ) -> Result<()> {
        let mut annotated = Vec::new();
        for (row, span) in entry.range().zip(spans) {
            annotations.append_to(lines.line(*span), row, &mut annotated);
        }
        self.write(&annotated)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.lines().write_all(bytes);
        written.map_err(|error| self.whole.failed("write", error))
    }

    fn publish(self) -> Result<()> {
        let finished = match self.out {
            Out::Lines(sink) => sink.finish(),
            Out::Columns(file) => Ok(file),
        };
        let file = finished.map_err(|error| self.whole.failed("write", error))?;
        self.whole.publish(&file)
    }
}
