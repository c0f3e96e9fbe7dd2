//! [`PackFile`]: a file opened once, read by position, and [`FileId`]: which file it is.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use object::pod;

use crate::error::{Fault, PackError};

/// Which file, in which state. Two equal ids mean the same bytes, short of somebody who sets
/// times back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    mtime: (i64, i64),
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// Whether both are the same file, be it in different states.
    pub(crate) fn same_inode(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }
}

/// A regular file, opened for reading.
#[derive(Debug)]
pub(crate) struct PackFile {
    path: PathBuf,
    file: File,
    id: FileId,
}

impl PackFile {
    /// Opens a file that may be a pack.
    pub(crate) fn open(path: &Path) -> Result<Self, PackError> {
        let fail = |fault| PackError::new(path, fault);
        // Asked before it is opened: to open a pipe is to wait for its other end.
        let metadata = fs::metadata(path).map_err(|error| fail(cannot_open(path, error)))?;
        if metadata.is_dir() {
            return Err(fail(Fault::Directory));
        }
        if !metadata.is_file() {
            return Err(fail(Fault::NotAFile));
        }
        let file = File::open(path).map_err(|error| fail(cannot_open(path, error)))?;
        let metadata = file.metadata().map_err(|error| fail(Fault::Unreadable(error)))?;
        if !metadata.is_file() {
            return Err(fail(Fault::NotAFile));
        }
        Ok(Self { path: path.to_owned(), file, id: FileId::of(&metadata) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// Whether the open file, wherever it is now, has not changed since it was opened.
    pub(crate) fn is_as_opened(&self) -> bool {
        self.file.metadata().is_ok_and(|found| FileId::of(&found) == self.id)
    }

    /// Whether neither the open file nor what its path names has changed since it was opened.
    pub(crate) fn is_unchanged(&self) -> bool {
        let named = fs::metadata(&self.path);
        self.is_as_opened() && named.is_ok_and(|found| FileId::of(&found) == self.id)
    }

    /// Whether both hold the same bytes. Reads both to the first difference.
    pub(crate) fn same_bytes(&self, other: &Self) -> io::Result<bool> {
        if self.id == other.id {
            return Ok(true);
        }
        if self.id.size != other.id.size {
            return Ok(false);
        }
        let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        let mut at = 0;
        while at < self.id.size {
            let len = usize::try_from(self.id.size - at).map_or(ours.len(), |n| n.min(ours.len()));
            self.file.read_exact_at(&mut ours[..len], at)?;
            other.file.read_exact_at(&mut theirs[..len], at)?;
            if ours[..len] != theirs[..len] {
                return Ok(false);
            }
            at += len as u64;
        }
        Ok(true)
    }

    /// Reads up to `len` bytes from the start.
    pub(super) fn head(&self, len: u64) -> Result<Vec<u8>, PackError> {
        self.bytes(0, len.min(self.id.size), "its start")
    }

    /// Reads a range, after checking that the file has it.
    pub(super) fn bytes(&self, at: u64, len: u64, part: &str) -> Result<Vec<u8>, PackError> {
        let mut words = self.words(at, len, part)?;
        let mut bytes = pod::bytes_of_slice_mut(&mut words).to_vec();
        bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    /// Reads a range into words, so that what is read is aligned for any header.
    pub(super) fn words(&self, at: u64, len: u64, part: &str) -> Result<Vec<u64>, PackError> {
        self.check_range(at, len, part)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let mut words = vec![0; len.div_ceil(8)];
        let bytes = &mut pod::bytes_of_slice_mut(&mut words)[..len];
        self.file.read_exact_at(bytes, at).map_err(|error| {
            // It was cut between the look at its size and now.
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.fault(Fault::Changed)
            } else {
                self.fault(Fault::Unreadable(error))
            }
        })?;
        Ok(words)
    }

    /// Checks that a range lies inside the file.
    pub(super) fn check_range(&self, at: u64, len: u64, part: &str) -> Result<(), PackError> {
        let end = at.saturating_add(len);
        if end > self.id.size {
            let part = part.to_owned();
            return Err(self.fault(Fault::Truncated { part, end, len: self.id.size }));
        }
        Ok(())
    }

    /// An error about this file.
    pub(crate) fn fault(&self, fault: Fault) -> PackError {
        PackError::new(&self.path, fault)
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> PackError {
        self.fault(Fault::Damaged { what: what.into() })
    }
}

fn cannot_open(path: &Path, error: io::Error) -> Fault {
    if error.kind() != io::ErrorKind::NotFound {
        return Fault::Unreadable(error);
    }
    match fs::read_link(path) {
        Ok(target) => Fault::DanglingLink { target, source: error },
        Err(_) => Fault::Missing(error),
    }
}
