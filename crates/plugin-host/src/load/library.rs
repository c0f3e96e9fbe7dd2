//! Opens a library and reads what it exports: steps 5 and 7 of the protocol.

use std::error::Error as _;
use std::fmt;
use std::path::Path;

use abi_stable::library::{
    AbiHeader, AbiHeaderRef, LibHeader, LibraryError, RootModule as _, RootModuleError,
};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use terrace_plugin_api::{ABI, PackModuleRef};

use super::layout::differences;
use crate::error::{Cause, Fault};
use crate::manifest::PackManifest;

/// An open library, never closed.
pub(super) struct OpenLibrary(&'static Library);

impl OpenLibrary {
    /// Opens a library, which runs its constructors. The path must have a slash, else the loader
    /// searches folders of its own.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        // SAFETY: the caller checked that the file is a whole shared library for this machine.
        // What its constructors do is the pack's responsibility: it runs with all our rights.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        match library {
            // Leaked: closing would unmap what values, threads and destructors still point into.
            Ok(library) => Ok(Self(Box::leak(Box::new(library)))),
            Err(error) => Err(refusal(path, error)),
        }
    }

    /// Finds the header that the manifest names.
    pub(super) fn header(&self, symbol: &str) -> Result<AbiHeaderRef, Fault> {
        let name = format!("{symbol}\0");
        // SAFETY: a symbol with the prefix of our symbols is the static of a `LibHeader`, put
        // there by `export_pack!`. `AbiHeaderRef` is a pointer to its start, never null here, and
        // valid for ever since the library is never closed.
        let found = unsafe { self.0.get::<AbiHeaderRef>(name.as_str()) };
        found.map(|header| *header).map_err(|error| Fault::MissingSymbol {
            symbol: symbol.to_owned(),
            source: error.into(),
        })
    }
}

/// The address of a header, which tells libraries apart.
pub(super) fn address(header: AbiHeaderRef) -> usize {
    std::ptr::from_ref(&*header) as usize
}

/// Checks a header and the layout it describes, then makes the module.
pub(super) fn module(
    header: AbiHeaderRef,
    manifest: &PackManifest,
) -> Result<PackModuleRef, Fault> {
    let invalid = |error| Fault::InvalidHeader {
        host: ABI,
        source: match error {
            LibraryError::InvalidAbiHeader(found) => report(&Header(found)),
            other => report(&other),
        },
    };
    let header: &'static LibHeader = header.upgrade().map_err(invalid)?;
    let Some(layout) = header.layout() else {
        return Err(Fault::NoLayout);
    };
    header.check_layout::<PackModuleRef>().map_err(|error| match error {
        LibraryError::AbiInstability(error) => Fault::LayoutMismatch {
            host: ABI,
            // The version of the crate that declares the module.
            host_api: PackModuleRef::VERSION_STRINGS.version.as_str(),
            pack_api: manifest.api.clone(),
            source: differences(layout).map_or_else(|| report(&error), |text| report(&text)),
        },
        LibraryError::RootModule { err: err @ RootModuleError::Unwound, .. } => {
            Fault::ConstructorPanicked(report(&err))
        }
        LibraryError::RootModule { err: RootModuleError::Returned(error), .. } => {
            Fault::ConstructorFailed(report(&error))
        }
        error => invalid(error),
    })
}

/// How a header differs from ours, in a line.
struct Header(AbiHeader);

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, ours) = (&self.0, AbiHeader::VALUE);
        if found.magic_string != ours.magic_string {
            return f.write_str("it does not start with abi_stable's mark");
        }
        write!(f, "it is of abi_stable {}.{}", found.abi_major, found.abi_minor)?;
        write!(f, ", this host has {}.{}", ours.abi_major, ours.abi_minor)
    }
}

/// The text of an error of abi_stable, which comes with blank lines around it.
#[derive(Debug)]
struct Report(String);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Report {}

fn report(error: &impl fmt::Display) -> Cause {
    let text = error.to_string();
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    Box::new(Report(lines.join("\n")))
}

/// What the system's loader means. libloading keeps its text in `source()`.
fn refusal(path: &Path, error: libloading::Error) -> Fault {
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let source: Cause = error.into();
    if let Some((_, symbol)) = text.split_once("undefined symbol: ") {
        let end = symbol.find([',', ' ', '\n']).unwrap_or(symbol.len());
        return Fault::UnresolvedSymbol { symbol: symbol[..end].to_owned(), source };
    }
    if let Some((library, _)) = text.split_once(": cannot open shared object file")
        && Path::new(library) != path
    {
        return Fault::MissingLibrary { library: library.to_owned(), source };
    }
    if text.contains(": version `") && text.contains("not found") {
        return Fault::NewerSystem(source);
    }
    Fault::Loader(source)
}
