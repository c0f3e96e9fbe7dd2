//! Whether a file is a whole shared library for this machine, decided without executing anything.
//!
//! [`mod@file`] opens it and knows which file it is, [`looks`] names what is not ELF, [`elf`]
//! checks every range that the headers announce against the true size of the file: `dlopen` maps
//! segments without doing so, and touching a page past the end of a file ends the process with
//! SIGBUS.
//!
//! Owned here: the bytes. What the manifest in them says is [`crate::manifest`]'s business.

mod elf;
mod file;
mod looks;

pub(crate) use elf::manifest_section;
pub(crate) use file::{FileId, PackFile};
