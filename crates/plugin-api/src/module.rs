//! The module a pack exports: its tasks' entry points, the hash of the manifest they belong to,
//! and a way to ask for more.

use abi_stable::{
    library::RootModule,
    package_version_strings,
    sabi_types::VersionStrings,
    std_types::{RSlice, RStr},
    StableAbi,
};

use crate::call::TaskResult;
use crate::context::TaskContext;
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
    /// Looks up an interface of the pack by name, for what later versions add. Null where unknown.
    #[sabi(last_prefix_field)]
    pub get_interface: extern "C" fn(RStr<'_>) -> *const (),
}

impl RootModule for PackModuleRef {
    abi_stable::declare_root_module_statics! {PackModuleRef}
    const BASE_NAME: &'static str = "terrace_pack";
    const NAME: &'static str = "terrace_pack";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// A pack linked into the program: manifest and module, nothing to load.
#[derive(Clone, Copy)]
pub struct StaticPack {
    /// The manifest's bytes.
    pub manifest: &'static [u8],
    /// The module.
    pub module: PackModuleRef,
}

/// What generated code names.
#[doc(hidden)]
pub mod private {
    use super::*;
    use abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};
    pub use abi_stable::prefix_type::PrefixTypeTrait;
    pub use abi_stable::std_types::{RSlice, RStr};

    /// A pack's header, for its exported static.
    ///
    /// # Safety
    /// `constructor` must return a [`PackModuleRef`].
    pub const unsafe fn header(constructor: extern "C" fn() -> RootModuleResult) -> LibHeader {
        // SAFETY: by this function's contract.
        unsafe { LibHeader::from_constructor::<PackModuleRef>(constructor, CheckTypeLayout::Yes) }
    }

    /// Runs a module's constructor, catching its panic.
    pub fn construct(constructor: fn() -> PackModuleRef) -> RootModuleResult {
        abi_stable::library::__call_root_module_loader(constructor)
    }

    pub use abi_stable::library::{LibHeader as Header, RootModuleResult as ModuleResult};

    /// FNV-1a, 64 bits: the hash in [`PackModule::manifest_hash`].
    pub const fn manifest_hash(bytes: &[u8]) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        hash
    }

    /// The default [`PackModule::get_interface`]: a pack without interfaces.
    pub extern "C" fn no_interface(_name: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}
