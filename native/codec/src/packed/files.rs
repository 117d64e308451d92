//! Finding bases among files.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Step;
use super::reader::Packed;
use super::source::{ReadSeek, Source};
use crate::error::{Error, Result};
use crate::manifest::BaseReference;

/// Files of one folder that are looked at in search of a base.
const FOLDER_FILES_MAX: usize = 10_000;

/// Where to look for bases: files that were named, then the `.mith` files of some folders.
///
/// A `.mith` file says in its manifest what it restores, so looking costs a few kilobytes. A plain
/// file is taken by its size; its content is read only where several have the size wanted.
#[derive(Debug, Clone, Default)]
pub struct BaseFiles {
    /// Files named by the user, packed or plain.
    pub listed: Vec<PathBuf>,
    /// Folders whose `.mith` files are searched.
    pub folders: Vec<PathBuf>,
}

impl BaseFiles {
    /// Looks at the files listed, then in the folders of `source` and of these files.
    #[must_use]
    pub fn beside(source: &Path, listed: Vec<PathBuf>) -> Self {
        let mut folders: Vec<PathBuf> = Vec::new();
        for path in std::iter::once(source).chain(listed.iter().map(PathBuf::as_path)) {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if !folders.iter().any(|known| known == folder) {
                folders.push(folder.to_path_buf());
            }
        }
        Self { listed, folders }
    }

    /// Opens the file that restores what is wanted.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if there is none, `Io` if a file that was named cannot be read.
    pub fn resolve(&self, wanted: &BaseReference) -> Result<Box<dyn ReadSeek>> {
        let (mut plain, mut deeper) = (Vec::new(), None);
        for path in &self.listed {
            match Looked::at(path, wanted)? {
                Looked::Packed(file) => return Ok(Box::new(file)),
                Looked::Deeper(file) => deeper = Some(file),
                Looked::SameSize(file) => plain.push(file),
                Looked::Other => {}
            }
        }
        if let Some(file) = self.resolve_in_folders(wanted) {
            return Ok(Box::new(file));
        }
        let is_only_one = plain.len() == 1 && deeper.is_none();
        for file in plain {
            if is_only_one || is_content(&file, wanted)? {
                return Ok(Box::new(file));
            }
        }
        if let Some(file) = deeper {
            return Ok(Box::new(file));
        }
        let name = wanted.manifest.map_or_else(
            || {
                format!(
                    "a file of {} bytes with CRC64NVME {:016x}",
                    wanted.bytes, wanted.crc64nvme
                )
            },
            |sha256| {
                format!(
                    "the checkpoint {sha256}, or its original of {} bytes",
                    wanted.bytes
                )
            },
        );
        Err(Error::invalid_argument(
            "the base of the checkpoint",
            name,
            "no such file",
        ))
    }

    fn resolve_in_folders(&self, wanted: &BaseReference) -> Option<File> {
        self.folders.iter().find_map(|folder| {
            std::fs::read_dir(folder)
                .ok()?
                .take(FOLDER_FILES_MAX)
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "mith")
                })
                .find_map(|path| match Looked::at(&path, wanted) {
                    Ok(Looked::Packed(file)) => Some(file),
                    _ => None,
                })
        })
    }
}

enum Looked {
    /// A packed file that restores what is wanted.
    Packed(File),
    /// The same, but its chain is longer than the one wanted. It may refer to what is wanted: a
    /// checkpoint that equals its base does.
    Deeper(File),
    /// A file of the size that is wanted.
    SameSize(File),
    Other,
}

impl Looked {
    fn at(path: &Path, wanted: &BaseReference) -> Result<Self> {
        let file = open(path)?;
        let mut source = Source::new(Box::new(again(&file, path)?), "a base")?;
        if Packed::is_packed(&mut source)?
            && let Ok(packed) =
                Packed::from_source(Source::new(Box::new(again(&file, path)?), "a base")?, 1)
            && wanted.is_content(&packed.manifest().original)
        {
            let is_deeper = packed.manifest().depth() > wanted.depth;
            return Ok(if is_deeper {
                Self::Deeper(file)
            } else {
                Self::Packed(file)
            });
        }
        Ok(if source.bytes() == wanted.bytes {
            Self::SameSize(file)
        } else {
            Self::Other
        })
    }
}

fn is_content(file: &File, wanted: &BaseReference) -> Result<bool> {
    let file = file
        .try_clone()
        .map_err(|error| Error::io("open a base", error))?;
    let mut source = Source::new(Box::new(file), "a base")?;
    Ok(wanted.is_content(&source.checksums(&mut Step::new(&mut |_: u64| true))?))
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|error| Error::io(format!("open {}", path.display()), error))
}

fn again(file: &File, path: &Path) -> Result<File> {
    file.try_clone()
        .map_err(|error| Error::io(format!("open {}", path.display()), error))
}

/// Opens a file for [`super::compress`], [`Packed::open`] or [`super::Base::open`].
///
/// # Errors
///
/// `Io`, naming the path.
pub fn open_file(path: &Path) -> Result<Box<dyn ReadSeek>> {
    Ok(Box::new(open(path)?))
}
