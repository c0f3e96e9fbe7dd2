//! The module a pack exports: its tasks' entry points, the hash of the manifest they belong to,
//! and a way to ask for more.

use abi_stable::{
    library::{CheckTypeLayout, LibHeader, RootModule, RootModuleResult},
    package_version_strings,
    prefix_type::WithMetadata,
    sabi_types::VersionStrings,
    std_types::{RSlice, RStr},
    StableAbi,
};

use crate::call::TaskResult;
use crate::context::TaskContext;
use crate::error::TaskError;
use crate::interface::{self, AnyOffer, Interface, InterfaceError};
use crate::manifest::TaskDef;
use crate::shield;
use crate::value::Value;

/// The version of the boundary. Apart from any crate's version: it changes only when a pack built
/// before could not be called after. `0.N` may move; 1 will not.
pub const ABI: &str = "0.1";

/// What a pack's symbol starts with; its name follows.
pub const SYMBOL_PREFIX: &str = "terrace_pack_v0_1_";

/// A task in the module: which, and where. Everything else stands in the manifest.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct TaskEntry {
    /// Name, unique in the pack.
    pub name: RStr<'static>,
    /// Entry point; see [`crate::TaskCall`].
    pub call: extern "C" fn(&TaskContext<'_>, *mut Value, usize, *mut TaskResult) -> u32,
}

/// The module a pack exports.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PackModuleRef)))]
#[sabi(missing_field(panic))]
pub struct PackModule {
    /// Hash of the manifest's bytes (FNV-1a, 64 bits): says which manifest it belongs to.
    pub manifest_hash: u64,
    /// The tasks, in the manifest's order.
    pub tasks: RSlice<'static, TaskEntry>,
    /// Looks up an interface of the pack by name: null, or the address of an
    /// [`Offer`](crate::Offer) that lives as long as the library. Any thread may call it.
    #[sabi(last_prefix_field)]
    pub get_interface: extern "C" fn(RStr<'_>) -> *const (),
}

impl RootModule for PackModuleRef {
    abi_stable::declare_root_module_statics! {PackModuleRef}
    const BASE_NAME: &'static str = "terrace_pack";
    const NAME: &'static str = "terrace_pack";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// A task as `#[task]` describes it; implemented by a hidden type named as the function.
#[doc(hidden)]
pub trait TaskItem: Sized {
    /// What the manifest says of it.
    const DEF: TaskDef;

    /// Its place in the module.
    const ENTRY: TaskEntry =
        TaskEntry { name: RStr::from_str(Self::DEF.name), call: enter::<Self> };

    /// Reads the arguments, runs the function, turns its answer into a value.
    ///
    /// # Errors
    /// An argument's, the function's or the output's.
    fn call(ctx: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError>;
}

// `extern "C"` but not `unsafe`: the field of `TaskEntry` is not, and only a host calls through it.
#[allow(clippy::not_unsafe_ptr_arg_deref)]
extern "C" fn enter<T: TaskItem>(
    ctx: &TaskContext<'_>,
    args: *mut Value,
    n: usize,
    out: *mut TaskResult,
) -> u32 {
    // SAFETY: the host keeps the call convention, see `crate::call`.
    unsafe { shield::run(ctx, args, n, out, T::call) }
}

/// A pack as `export_pack!` describes it; implemented by a hidden type.
#[doc(hidden)]
pub trait PackItem {
    /// Hash of the manifest.
    const MANIFEST_HASH: u64;
    /// The tasks, in the manifest's order.
    const TASKS: &'static [TaskEntry];
    /// What the pack offers its host.
    fn interfaces() -> &'static [AnyOffer<'static>];
}

struct ModuleOf<P>(P);

impl<P: PackItem> ModuleOf<P> {
    abi_stable::staticref! {
        const MODULE: WithMetadata<PackModule> = WithMetadata::new(PackModule {
            manifest_hash: P::MANIFEST_HASH,
            tasks: RSlice::from_slice(P::TASKS),
            get_interface: Self::get_interface,
        })
    }

    const REF: PackModuleRef = PackModuleRef(Self::MODULE.as_prefix());

    extern "C" fn construct() -> RootModuleResult {
        // Catches panics; there is none, but the header wants this form.
        abi_stable::library::__call_root_module_loader(|| Self::REF)
    }

    /// Compares names and runs nothing of the pack's, so no panic can reach this frame.
    extern "C" fn get_interface(name: RStr<'_>) -> *const () {
        AnyOffer::into_head(AnyOffer::find(P::interfaces(), name.as_str()))
    }
}

impl PackModuleRef {
    /// An interface that the pack offers; `None` where it has none of that name, as an older one.
    ///
    /// # Errors
    /// When the pack declares it differently under the same name.
    pub fn interface<T: Interface>(&self) -> Result<Option<&'static T>, InterfaceError> {
        let head = (self.get_interface())(RStr::from_str(T::NAME));
        // SAFETY: by the contract of `get_interface`; no library is ever unloaded.
        unsafe { interface::read(head) }
    }
}

/// The header that a pack exports.
#[doc(hidden)]
pub type PackHeader = LibHeader;

/// The header of a pack, for its exported static.
#[doc(hidden)]
pub const fn header<P: PackItem>() -> PackHeader {
    // SAFETY: `construct` returns a `PackModuleRef`.
    unsafe {
        LibHeader::from_constructor::<PackModuleRef>(ModuleOf::<P>::construct, CheckTypeLayout::Yes)
    }
}

/// FNV-1a, 64 bits: the hash in [`PackModule::manifest_hash`].
pub const fn manifest_hash(bytes: &[u8]) -> u64 {
    hash_more(HASH_OF_NOTHING, bytes)
}

pub(crate) const HASH_OF_NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of what gave `hash` with `bytes` after it.
pub(crate) const fn hash_more(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// A pack linked into the program: manifest and module, nothing to load.
#[derive(Clone, Copy)]
pub struct StaticPack {
    /// The manifest's bytes.
    pub manifest: &'static [u8],
    /// The module.
    pub module: PackModuleRef,
}

impl StaticPack {
    /// The pack of a generated type.
    #[doc(hidden)]
    pub const fn of<P: PackItem>(manifest: &'static [u8]) -> Self {
        Self { manifest, module: ModuleOf::<P>::REF }
    }
}

/// What `export_pack!` becomes. A macro by example of this crate, because in edition 2024 the
/// attributes below must be written differently than in 2021, and a macro keeps the edition of
/// the crate that defines it.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_pack {
    (
        name: $name:literal, version: $version:expr, description: $description:expr,
        symbol: $symbol:literal, manifest_symbol: $manifest_symbol:literal,
        tasks: [$($task:path),*], interfaces: $count:literal [$($interface:path),*]
    ) => {
        /// The pack, for linking it into a program instead of loading it.
        #[must_use]
        pub fn pack() -> $crate::StaticPack {
            enum Pack {}

            const TASKS: &[$crate::TaskDef] =
                &[$(<$task as $crate::__private::TaskItem>::DEF),*];
            const DEF: $crate::PackDef = $crate::PackDef {
                name: $name,
                version: $version,
                description: $description,
                symbol: $symbol,
                panic: if cfg!(panic = "unwind") { "unwind" } else { "abort" },
                tasks: TASKS,
            };
            const _: () = $crate::__private::check_pack::<{ TASKS.len() }>(&DEF);
            const HEAD: &[u8] = {
                const N: usize = $crate::__private::head_len(&DEF);
                &$crate::__private::head_json::<N>(&DEF)
            };
            const PARTS: &[&[u8]] = &[$({
                const TASK: $crate::TaskDef = <$task as $crate::__private::TaskItem>::DEF;
                const N: usize = $crate::__private::task_len(&TASK);
                const JSON: [u8; N] = $crate::__private::task_json::<N>(&TASK);
                &JSON
            }),*];
            const LEN: usize = $crate::__private::pack_len(HEAD, PARTS);

            // Exported, because old linkers drop a section that no symbol names.
            #[export_name = $manifest_symbol]
            #[cfg_attr(
                not(any(windows, target_vendor = "apple")),
                link_section = ".terrace.manifest"
            )]
            pub static MANIFEST: [u8; LEN] = $crate::__private::pack_json::<LEN>(HEAD, PARTS);

            impl $crate::__private::PackItem for Pack {
                const MANIFEST_HASH: u64 = $crate::__private::pack_hash(HEAD, PARTS);
                const TASKS: &'static [$crate::TaskEntry] =
                    &[$(<$task as $crate::__private::TaskItem>::ENTRY),*];

                fn interfaces() -> &'static [$crate::AnyOffer<'static>] {
                    terrace_interfaces()
                }
            }

            #[export_name = $symbol]
            pub static HEADER: $crate::__private::PackHeader =
                $crate::__private::header::<Pack>();

            $crate::StaticPack::of::<Pack>(&MANIFEST)
        }

        // Not inside `pack`, whose own names would hide those of the author's statics.
        fn terrace_interfaces() -> &'static [$crate::AnyOffer<'static>] {
            static OFFERS_OF_THIS_PACK: [$crate::AnyOffer<'static>; $count] =
                $crate::__private::check_offers([$($crate::__private::offer(&$interface)),*]);
            &OFFERS_OF_THIS_PACK
        }
    };
}
