//! Keeps the program's standard output for the program.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};

static RESERVED: AtomicBool = AtomicBool::new(false);

/// Puts standard output aside and returns it; from then on whatever prints to it, also a pack's
/// constructor, its `println!` or a process it starts, prints to standard error.
///
/// For a program whose output others read: call it once, before the first pack is loaded and
/// before other threads print, and write results to the file it returns. Loading packs never does
/// this by itself: an embedding program's descriptors are its own.
///
/// # Errors
/// When the system refuses, or when it was called before (`AlreadyExists`): the first caller has
/// the output.
pub fn reserve_stdout() -> io::Result<File> {
    if RESERVED.swap(true, Ordering::Relaxed) {
        let message = "standard output is reserved already";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    let mut stdout = io::stdout().lock();
    stdout.flush()?;
    let kept = stdout.as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(kept))
}
