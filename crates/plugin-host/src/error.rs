//! Why a pack was refused ([`PackError`]) and why a workflow's packs cannot be had
//! ([`ResolveError`]).
//!
//! Every text says what is wrong and what to do, once; what the system or a library said about it
//! is in `source()`.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrace_core::PackRequirement;
use terrace_plugin_api::InterfaceError;

/// What a lower layer said.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why a file was refused as a pack.
#[derive(Debug)]
pub struct PackError {
    path: PathBuf,
    fault: Fault,
}

impl PackError {
    pub(crate) fn new(path: &Path, fault: Fault) -> Self {
        Self { path: path.to_owned(), fault }
    }

    /// The file, as it was named; for a pack linked into the program, its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.fault)
    }
}

impl Error for PackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

/// What is wrong with a file. All up to [`Fault::Changed`] are found without executing anything
/// from it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// There is nothing at the path.
    #[error("cannot be opened; check the path and its spelling")]
    Missing(#[source] std::io::Error),
    /// It is a symbolic link to nothing.
    #[error("is a link to {}, which cannot be opened; point it at a file that exists", .target.display())]
    DanglingLink {
        /// Where the link points.
        target: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is a directory.
    #[error("is a directory; name a pack's file, or search the directory with --packs")]
    Directory,
    /// It is a device, pipe or socket.
    #[error("is not a regular file; name a pack's file")]
    NotAFile,
    /// The system does not let us read it.
    #[error("cannot be read; check its path, its permissions and those of the folders above it")]
    Unreadable(#[source] std::io::Error),
    /// It has no bytes.
    #[error("is empty; build or copy the pack again")]
    Empty,
    /// It ends inside the ELF header.
    #[error(
        "is cut short: it has {len} bytes, less than the header of a shared library; build or copy the pack again"
    )]
    TooShort {
        /// Its size in bytes.
        len: u64,
    },
    /// It is something else than an ELF file.
    #[error("is not a shared library but {looks}; a pack is a file built with crate-type cdylib")]
    NotElf {
        /// What it looks like.
        looks: LooksLike,
    },
    /// It ends before what its headers announce.
    #[error(
        "is cut short: {part} ends at byte {end}, the file at byte {len}; build or copy the pack again"
    )]
    Truncated {
        /// What is not whole.
        part: String,
        /// Where that should end.
        end: u64,
        /// The size of the file in bytes.
        len: u64,
    },
    /// Its headers contradict themselves.
    #[error("is damaged: {what}; build or copy the pack again")]
    Damaged {
        /// What is wrong with them.
        what: String,
    },
    /// It is for machines with another size of pointers.
    #[error(
        "is a {found}-bit library, this program is {host}-bit; build the pack for {}",
        std::env::consts::ARCH
    )]
    WrongClass {
        /// Bits of its pointers.
        found: u32,
        /// Bits of ours.
        host: u32,
    },
    /// It is for machines with another order of bytes.
    #[error(
        "is built for {found} machines, this one is {host}; build the pack for {}",
        std::env::consts::ARCH
    )]
    WrongEndianness {
        /// Its order of bytes.
        found: &'static str,
        /// Ours.
        host: &'static str,
    },
    /// It is for another processor.
    #[error("is built for {found}, this machine is {host}; build the pack for {host}")]
    WrongMachine {
        /// Its processor.
        found: String,
        /// Ours.
        host: &'static str,
    },
    /// It is an ELF file, but none that can be loaded.
    #[error("is {found}, not a shared library; build the pack with crate-type cdylib")]
    NotShared {
        /// What it is.
        found: String,
    },
    /// It is a shared library without a manifest.
    #[error(
        "is a shared library but not a pack: it has no section {section}; export its tasks with export_pack!"
    )]
    NotAPack {
        /// The section it lacks.
        section: &'static str,
    },
    /// Several packs are in it.
    #[error("holds the manifests of several packs ({}); build each as a library of its own, a pack cannot depend on another pack's crate", .names.join(", "))]
    SeveralPacks {
        /// Their names.
        names: Vec<String>,
    },
    /// The manifest is larger than any real one.
    #[error("has a manifest of {len} bytes, at most {max} are read; is it damaged?")]
    ManifestTooLarge {
        /// Its size in bytes.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// The manifest is not JSON.
    #[error("has a manifest that is not JSON; build or copy the pack again")]
    ManifestNotJson(#[source] Cause),
    /// The manifest is of a format that this host does not know.
    #[error(
        "has a manifest of format {found}, this host reads format {known}; update terrace, or rebuild the pack with an older terrace-plugin-api"
    )]
    ManifestFormat {
        /// Its format.
        found: u64,
        /// Ours.
        known: u32,
    },
    /// The pack speaks another version of the boundary.
    #[error(
        "is built for ABI {found}, this host speaks {host}; rebuild it with terrace-plugin-api {host}.x"
    )]
    OtherAbi {
        /// Its ABI.
        found: String,
        /// Ours.
        host: &'static str,
    },
    /// Something in the manifest is missing or of another type.
    #[error("has a manifest of another shape; rebuild it with terrace-plugin-api")]
    ManifestShape(#[source] Cause),
    /// Something in the manifest cannot be right.
    #[error("has a manifest that cannot be right: {what}; rebuild it with terrace-plugin-api")]
    ManifestWrong {
        /// What.
        what: String,
    },
    /// The pack's version is not a version.
    #[error(
        "says that its version is `{version}`; set a version such as 1.2.3 in the pack's Cargo.toml"
    )]
    ManifestVersion {
        /// What it says.
        version: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// The type of a port or output cannot be read.
    #[error(
        "declares `{place}` as `{text}`, a type that this host cannot read; update terrace, or rebuild the pack"
    )]
    ManifestType {
        /// The port or output.
        place: String,
        /// The type as it stands there.
        text: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// A default is not of its port's type.
    #[error("gives `{place}` a default that is not of its type; correct it in the pack's source")]
    ManifestDefault {
        /// The port.
        place: String,
        /// Where and how it differs.
        source: Cause,
    },
    /// Two tasks share a name.
    #[error("has two tasks called `{task}`; rename one of them in the pack's source")]
    DuplicateTask {
        /// The name.
        task: String,
    },
    /// A panic in it would end the process.
    #[error(
        "is built with panic = \"abort\", so a panic in a task would end the whole program; build it with panic = \"unwind\" (the default: remove `panic` from the profile)"
    )]
    PanicAbort,
    /// The file was changed or replaced between the check and the end of loading.
    #[error(
        "was changed while it was loaded; wait until its build or copy has ended and try again"
    )]
    Changed,
    /// The file was written over after an earlier build of it was loaded.
    #[error(
        "was written over after it had been loaded; restart the program, and replace packs by renaming a new file into place"
    )]
    ChangedInPlace,
    /// The loader gave code of an earlier file for this one.
    #[error(
        "was not loaded: the system's loader gave the code of an earlier file for it; restart the program"
    )]
    OldCode,
    /// It needs a symbol that nobody has.
    #[error(
        "needs the symbol `{symbol}`, which no library it names provides; link the library that has it into the pack"
    )]
    UnresolvedSymbol {
        /// The symbol.
        symbol: String,
        /// What the loader says.
        source: Cause,
    },
    /// It needs a library that is not there.
    #[error(
        "needs the library `{library}`, which cannot be found; install it, or link it statically"
    )]
    MissingLibrary {
        /// The library.
        library: String,
        /// What the loader says.
        source: Cause,
    },
    /// It needs a newer C library or another newer library.
    #[error(
        "needs a newer version of a system library than this machine has; build the pack on an older system"
    )]
    NewerSystem(#[source] Cause),
    /// The system's loader refused it for another reason.
    #[error("is refused by the system's loader; build the pack for this system")]
    Loader(#[source] Cause),
    /// It does not export the symbol its manifest names.
    #[error(
        "does not export `{symbol}`, which its manifest names; export its tasks with export_pack! and build it again"
    )]
    MissingSymbol {
        /// The symbol.
        symbol: String,
        /// What the loader says.
        source: Cause,
    },
    /// What it exports is not an abi_stable header, or that of another version.
    #[error(
        "exports a header that this host cannot read; rebuild it with terrace-plugin-api {host}.x"
    )]
    InvalidHeader {
        /// Our ABI.
        host: &'static str,
        /// What differs.
        source: Cause,
    },
    /// It says nothing of its types' layout, so nothing can be checked.
    #[error("says nothing about the layout of its types; export its tasks with export_pack!")]
    NoLayout,
    /// Its types are laid out differently.
    #[error(
        "is built for ABI {host} but lays out its types differently; rebuild it with the host's version of terrace-plugin-api, {host_api} (it was built with {pack_api})"
    )]
    LayoutMismatch {
        /// Our ABI.
        host: &'static str,
        /// The version of terrace-plugin-api that this host was built with.
        host_api: &'static str,
        /// The version that the pack was built with, as its manifest says.
        pack_api: String,
        /// The differences.
        source: Cause,
    },
    /// The function that makes its module panicked.
    #[error("panicked while it made its module; its author must mend it")]
    ConstructorPanicked(#[source] Cause),
    /// The function that makes its module failed.
    #[error("could not make its module; its author must mend it")]
    ConstructorFailed(#[source] Cause),
    /// Manifest and code are of different builds.
    #[error(
        "has a manifest that is not of its code (hash {manifest:016x}, the code says {module:016x}); build or copy the pack again"
    )]
    HashMismatch {
        /// Of the manifest's bytes.
        manifest: u64,
        /// What the module says.
        module: u64,
    },
    /// The manifest lists a task that the code does not have.
    #[error("lists a task `{task}` in its manifest that its code does not have; rebuild it")]
    TaskNotInModule {
        /// The task.
        task: String,
    },
    /// The code has a task that the manifest does not list.
    #[error("has a task `{task}` in its code that its manifest does not list; rebuild it")]
    TaskNotInManifest {
        /// The task.
        task: String,
    },
    /// An interface of it is declared differently than here. The rest of the pack can be used.
    #[error("offers the interface `{interface}` in another form than this program's")]
    OtherInterface {
        /// Its name.
        interface: &'static str,
        /// What differs, seen from here.
        source: InterfaceError,
    },
}

/// What a file that is not ELF looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LooksLike {
    /// A file that starts with `#!`.
    Script,
    /// Text.
    Text,
    /// An `ar` archive, such as a static or a Rust library.
    Archive,
    /// A program or library for Windows.
    Pe,
    /// A program or library for macOS.
    MachO,
    /// WebAssembly.
    Wasm,
    /// A compressed file or package.
    Compressed,
    /// Something else.
    Data,
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Script => "a script",
            Self::Text => "text",
            Self::Archive => "an archive, such as a static library",
            Self::Pe => "a Windows program or library",
            Self::MachO => "a macOS program or library",
            Self::Wasm => "a WebAssembly module",
            Self::Compressed => "a compressed file",
            Self::Data => "data of an unknown kind",
        })
    }
}

/// Why a required pack cannot be had.
#[derive(Clone, Debug)]
pub struct ResolveError {
    requirement: PackRequirement,
    fault: Box<ResolveFault>,
}

impl ResolveError {
    pub(crate) fn new(requirement: &PackRequirement, fault: ResolveFault) -> Self {
        Self { requirement: requirement.clone(), fault: Box::new(fault) }
    }

    /// What was required; its span says where.
    pub fn requirement(&self) -> &PackRequirement {
        &self.requirement
    }

    /// Why it cannot be had.
    pub fn fault(&self) -> &ResolveFault {
        &self.fault
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pack `{}`: {}", self.requirement.name, self.fault)
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

/// Why a required pack cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveFault {
    /// No pack of that name was found.
    #[error("not found{}{}{}", Meant(.meant), Searched(.searched), Broken(.broken))]
    NotFound {
        /// A name that was found and is close.
        meant: Option<String>,
        /// The folders, each with a word where it was not searched.
        searched: Vec<String>,
        /// Files that may be it but were refused.
        broken: Vec<Arc<PackError>>,
    },
    /// None of its versions will do.
    #[error("no version matches `{wanted}`, there is {}{}", .found.join(", "), Broken(.broken))]
    NoVersion {
        /// The requirement.
        wanted: String,
        /// The versions that were found, each with its place.
        found: Vec<String>,
        /// Files that may be it but were refused.
        broken: Vec<Arc<PackError>>,
    },
    /// The version requirement cannot be read.
    #[error("`{text}` is not a version requirement; write one such as `^0.1`, `>=1.2, <2` or `*`")]
    InvalidRequirement {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// One folder has different files of the same version.
    #[error("version {version} is there as different files: {}; remove all but one", list(.files))]
    Ambiguous {
        /// The version.
        version: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// Two requirements use the same alias for different things.
    #[error("the alias `{alias}` is used for two packs; give one of them another with `as:`")]
    DuplicateAlias {
        /// The alias.
        alias: String,
    },
    /// It was found and chosen, but could not be loaded.
    #[error("cannot be loaded")]
    Refused(#[source] Arc<PackError>),
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

struct Meant<'a>(&'a Option<String>);

impl fmt::Display for Meant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |meant| write!(f, " (did you mean `{meant}`?)"))
    }
}

struct Searched<'a>(&'a [String]);

impl fmt::Display for Searched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f
                .write_str("; no folder was searched, name one with --packs or TERRACE_PACK_PATH");
        }
        write!(f, "; searched {}", self.0.join(", "))
    }
}

struct Broken<'a>(&'a [Arc<PackError>]);

impl fmt::Display for Broken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "; refused: " } else { "; " })?;
            write!(f, "{error}")?;
            let mut source = error.source();
            while let Some(cause) = source {
                write!(f, ": {cause}")?;
                source = cause.source();
            }
        }
        Ok(())
    }
}
