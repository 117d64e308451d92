//! What a cloud does, in memory: sources and outputs of every stage are vectors.

use std::cell::RefCell;

use mithril_dedup::Result;
use mithril_dedup::job::{
    self, FilterSummary, GatherSummary, Host, Piece, Spec, StitchLimits, StitchSummary,
};
use serde_json::{Value, json};

/// The objects that one stage reads and writes.
#[derive(Default)]
pub(crate) struct Objects<'a> {
    sources: Vec<&'a [u8]>,
    outputs: RefCell<Vec<Vec<u8>>>,
}

impl<'a> Objects<'a> {
    pub(crate) fn of(sources: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        Self {
            sources: sources.into_iter().map(Vec::as_slice).collect(),
            outputs: RefCell::default(),
        }
    }

    pub(crate) fn output(&self, number: usize) -> Vec<u8> {
        self.outputs
            .borrow()
            .get(number)
            .cloned()
            .unwrap_or_default()
    }
}

impl Host for Objects<'_> {
    fn read(&self, pieces: &[Piece], _: Option<Piece>) -> Result<Vec<Vec<u8>>> {
        let read = |piece: &Piece| {
            let from = usize::try_from(piece.offset).expect("small");
            let length = usize::try_from(piece.length).expect("small");
            self.sources[piece.source][from..from + length].to_vec()
        };
        Ok(pieces.iter().map(read).collect())
    }

    fn write(&self, output: usize, bytes: Vec<u8>) -> Result<()> {
        let mut outputs = self.outputs.borrow_mut();
        let count = outputs.len().max(output + 1);
        outputs.resize(count, Vec::new());
        outputs[output].extend(bytes);
        Ok(())
    }
}

/// How the work is divided; none of it may show in what comes out.
#[derive(Clone, Copy)]
pub(crate) struct Division {
    pub(crate) task_bytes: u64,
    pub(crate) parts: u32,
    pub(crate) bucket_bytes: u64,
    pub(crate) bin_bytes: u64,
    pub(crate) memory: u64,
}

/// One machine for everything, as far as possible.
pub(crate) const COARSE: Division = Division {
    task_bytes: 1 << 30,
    parts: 1,
    bucket_bytes: 1 << 30,
    bin_bytes: 1 << 30,
    memory: 1 << 30,
};

pub(crate) struct Outcome {
    pub(crate) files: Vec<FilterSummary>,
    pub(crate) outputs: Vec<Vec<u8>>,
    /// Of all inputs, one after the other.
    pub(crate) report: Vec<u8>,
    pub(crate) rejected: Vec<u8>,
    pub(crate) gathered: GatherSummary,
    pub(crate) stitched: StitchSummary,
    /// Parts in which bins were compared.
    pub(crate) parts: u64,
}

/// A job in JSON: `changes` go over the defaults.
pub(crate) fn spec_of(inputs: &[(&str, Vec<u8>)], division: Division, changes: &Value) -> Spec {
    let mut tasks = Vec::new();
    for (file, (name, bytes)) in inputs.iter().enumerate() {
        let length = bytes.len() as u64;
        let step = if name.ends_with("jsonl") {
            division.task_bytes
        } else {
            length
        };
        let mut start = 0;
        loop {
            let end = (start + step).min(length);
            tasks.push(json!({ "file": file, "start": start, "end": end }));
            start = end;
            if start >= length {
                break;
            }
        }
    }
    let input = |(name, bytes): &(&str, Vec<u8>)| json!({ "name": name, "bytes": bytes.len() });
    let mut spec = json!({
        "settings": {
            "textKey": "text", "threshold": "0.8", "unit": "word", "n": 5, "permutations": 128,
            "seed": 0,
        },
        "keep": "first", "mode": "drop", "badShareMax": 0.0,
        "inputs": inputs.iter().map(input).collect::<Vec<_>>(),
        "tasks": tasks, "parts": division.parts,
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    Spec::new(serde_json::from_value(spec).expect("a spec")).expect("sound")
}

pub(crate) struct Machines<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) inputs: &'a [(&'a str, Vec<u8>)],
    pub(crate) files_of_tasks: Vec<usize>,
    pub(crate) division: Division,
}

impl Machines<'_> {
    fn input(&self, task: usize) -> &Vec<u8> {
        &self.inputs[self.files_of_tasks[task]].1
    }

    pub(crate) fn hash(&self) -> Result<Vec<Vec<u8>>> {
        let tasks = 0..self.files_of_tasks.len();
        tasks
            .map(|task| {
                let objects = Objects::of([self.input(task)]);
                job::hash(&objects, self.spec, task, 1 << 20)?;
                Ok(objects.output(0))
            })
            .collect()
    }

    pub(crate) fn run(&self) -> Result<Outcome> {
        let (spec, division) = (self.spec, self.division);
        let spills = self.hash()?;
        let objects = Objects::of(&spills);
        let gathered = job::gather(&objects, spec, division.bucket_bytes)?;
        let index = objects.output(0);
        let mut pairs = Vec::new();
        for range in &gathered.buckets {
            let objects = Objects::of([&index].into_iter().chain(&spills));
            job::bucket(&objects, spec, *range)?;
            pairs.push(objects.output(0));
        }
        let objects = Objects::of([&index].into_iter().chain(&pairs));
        let lengths: Vec<u64> = pairs.iter().map(|it| it.len() as u64).collect();
        let limits = StitchLimits {
            bin_bytes: division.bin_bytes,
            bins_max: 1_000,
            pairs_max: 1 << 30,
        };
        let stitched = job::stitch(&objects, spec, &lengths, limits)?;
        let (bins, wanted) = (objects.output(0), objects.output(1));
        let mut sets = Vec::new();
        for (task, spill) in spills.iter().enumerate() {
            let objects = Objects::of([self.input(task), &index, spill, &wanted]);
            job::shingle(&objects, spec, task, stitched.bins)?;
            sets.push(objects.output(0));
        }
        let mut decisions = Vec::new();
        let mut parts = 0;
        for bin in 0..stitched.bins {
            let objects = Objects::of([&index, &bins].into_iter().chain(&sets));
            parts += job::verify(&objects, spec, bin, division.memory)?.parts;
            decisions.push(objects.output(0));
        }
        let mut outcome = Outcome {
            files: Vec::new(),
            outputs: Vec::new(),
            report: Vec::new(),
            rejected: Vec::new(),
            gathered,
            stitched,
            parts,
        };
        self.filter(&index, &spills, &decisions, &mut outcome)?;
        Ok(outcome)
    }

    fn filter(
        &self,
        index: &Vec<u8>,
        spills: &[Vec<u8>],
        decisions: &[Vec<u8>],
        outcome: &mut Outcome,
    ) -> Result<()> {
        for (file, (_, input)) in self.inputs.iter().enumerate() {
            let of_file = (0..).zip(spills);
            let of_file =
                of_file.filter(|(task, _): &(usize, _)| self.files_of_tasks[*task] == file);
            let sources = [input, index]
                .into_iter()
                .chain(of_file.map(|(_, spill)| spill));
            let objects = Objects::of(sources.chain(decisions));
            outcome
                .files
                .push(job::filter(&objects, self.spec, file, decisions.len())?);
            outcome.outputs.push(objects.output(0));
            outcome.report.extend(objects.output(1));
            outcome.rejected.extend(objects.output(2));
        }
        Ok(())
    }
}

/// Which file each task is of.
pub(crate) fn files_of_tasks(inputs: &[(&str, Vec<u8>)], division: Division) -> Vec<usize> {
    let count = |(name, bytes): &(&str, Vec<u8>)| {
        let length = bytes.len() as u64;
        let step = if name.ends_with("jsonl") {
            division.task_bytes
        } else {
            length.max(1)
        };
        usize::try_from(length.div_ceil(step).max(1)).expect("few")
    };
    let files = inputs.iter().enumerate();
    files
        .flat_map(|(file, input)| std::iter::repeat_n(file, count(input)))
        .collect()
}

pub(crate) fn job_of(
    inputs: &[(&str, Vec<u8>)],
    division: Division,
    changes: &Value,
) -> Result<Outcome> {
    let spec = spec_of(inputs, division, changes);
    let machines = Machines {
        spec: &spec,
        inputs,
        files_of_tasks: files_of_tasks(inputs, division),
        division,
    };
    machines.run()
}
