//! [`TaskContext`]: what a running task may ask of the host, and [`Host`], which answers.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::time::Duration;

use abi_stable::{
    std_types::{ROption, RStr, RString},
    StableAbi,
};

use crate::interface::{self, AnyOffer, Interface, InterfaceError};

/// How much a log line matters.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may be wrong.
    Warn,
    /// News.
    Info,
    /// For whoever looks for a fault.
    Debug,
}

/// Which item of a map an attempt works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Position in the input, from 0.
    pub index: u64,
    /// The key, where the input was keyed.
    pub key: Option<String>,
}

/// What the host knows of an attempt. Every method may be called on any thread.
pub trait Host: Sync {
    /// Full path of the node: `measure["XX"]`.
    fn node(&self) -> Cow<'_, str>;
    /// Which try this is, from 1.
    fn attempt(&self) -> u32 {
        1
    }
    /// The map item, where there is one.
    fn item(&self) -> Option<Item> {
        None
    }
    /// Time left before the deadline, where there is one.
    fn time_left(&self) -> Option<Duration> {
        None
    }
    /// Whether the task should stop.
    fn cancelled(&self) -> bool;
    /// A number from run, path and item, the same on every attempt.
    fn seed(&self) -> u64;
    /// How many threads the task may use, at least 1.
    fn threads(&self) -> u32 {
        1
    }
    /// A folder of this attempt's own, removed after it.
    ///
    /// # Errors
    /// When it cannot be made.
    fn temp_dir(&self) -> std::io::Result<PathBuf>;
    /// Takes note of progress, 0 to 1.
    fn progress(&self, fraction: f64, note: &str);
    /// Takes a log line.
    fn log(&self, level: LogLevel, message: &str);
    /// An interface that the host offers tasks, by its name. A host of several answers with
    /// [`AnyOffer::find`].
    ///
    /// ```
    /// # use std::borrow::Cow;
    /// # use terrace_plugin_api::{AnyOffer, Host, Interface, LogLevel, Offer, TaskContext};
    /// #[repr(C)]
    /// #[derive(Interface)]
    /// #[interface(name = "lab.gauge/1")]
    /// struct Gauge { read: extern "C" fn(channel: u32) -> f64 }
    ///
    /// struct Lab { gauge: Offer<Gauge> }
    ///
    /// impl Host for Lab {
    ///     fn interface(&self, name: &str) -> Option<AnyOffer<'_>> {
    ///         AnyOffer::find(&[self.gauge.any()], name)
    ///     }
    /// #   fn node(&self) -> Cow<'_, str> { "measure".into() }
    /// #   fn cancelled(&self) -> bool { false }
    /// #   fn seed(&self) -> u64 { 0 }
    /// #   fn temp_dir(&self) -> std::io::Result<std::path::PathBuf> { Ok(std::env::temp_dir()) }
    /// #   fn progress(&self, _: f64, _: &str) {}
    /// #   fn log(&self, _: LogLevel, _: &str) {}
    ///     // …
    /// }
    ///
    /// extern "C" fn read(channel: u32) -> f64 { f64::from(channel) / 2.0 }
    /// let lab = Lab { gauge: Offer::new(Gauge { read }) };
    /// let ctx = TaskContext::new(&lab);
    /// // In a task of a pack that declares the same `Gauge`:
    /// if let Some(gauge) = ctx.interface::<Gauge>()? {
    ///     assert_eq!((gauge.read)(3), 1.5);
    /// }
    /// # Ok::<(), terrace_plugin_api::InterfaceError>(())
    /// ```
    fn interface(&self, name: &str) -> Option<AnyOffer<'_>> {
        let _ = name;
        None
    }
}

/// The host's functions behind a [`TaskContext`]. Frozen with the ABI: growth goes through
/// `interface`.
#[repr(C)]
#[derive(StableAbi)]
#[doc(hidden)]
pub struct ContextVTable {
    node: extern "C" fn(*const ()) -> RString,
    attempt: extern "C" fn(*const ()) -> u32,
    item_index: extern "C" fn(*const ()) -> ROption<u64>,
    item_key: extern "C" fn(*const ()) -> ROption<RString>,
    time_left_ns: extern "C" fn(*const ()) -> ROption<u64>,
    cancelled: extern "C" fn(*const ()) -> bool,
    seed: extern "C" fn(*const ()) -> u64,
    threads: extern "C" fn(*const ()) -> u32,
    /// The path, or the error's text with `false`.
    temp_dir: extern "C" fn(*const (), &mut bool) -> RString,
    progress: extern "C" fn(*const (), f64, RStr<'_>),
    log: extern "C" fn(*const (), LogLevel, RStr<'_>),
    /// Null, or the address of an `Offer` that lives as long as the host.
    interface: extern "C" fn(*const (), RStr<'_>) -> *const (),
}

/// What a running task may ask of the host. Add a parameter `ctx: &TaskContext` to a task to
/// receive it; it is not a port.
///
/// ```
/// use terrace_plugin_api::{TaskContext, TaskError};
/// fn search(ctx: &TaskContext, limit: u64) -> Result<u64, TaskError> {
///     for n in 0..limit {
///         ctx.check_cancelled()?;
///         if n * n == 144 { return Ok(n); }
///     }
///     Err(TaskError::msg("nothing found"))
/// }
/// // Outside a run, as in a unit test:
/// assert_eq!(search(&TaskContext::detached(), 100).unwrap(), 12);
/// ```
#[repr(C)]
#[derive(StableAbi)]
pub struct TaskContext<'a> {
    host: *const (),
    vtable: &'static ContextVTable,
    _host: PhantomData<&'a ()>,
}

// SAFETY: the only constructor takes a `&H` with `H: Sync`, so any thread may call through it.
unsafe impl Send for TaskContext<'_> {}
// SAFETY: as above.
unsafe impl Sync for TaskContext<'_> {}

impl fmt::Debug for TaskContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("node", &self.node()).finish()
    }
}

impl<'a> TaskContext<'a> {
    /// A context answered by `host`. Two words; costs nothing to make.
    pub fn new<H: Host>(host: &'a H) -> Self {
        Self {
            host: (host as *const H).cast::<()>(),
            vtable: &VTableOf::<H>::VTABLE,
            _host: PhantomData,
        }
    }

    /// A context outside any run: never cancelled, one thread, logs to nowhere. For tests.
    pub fn detached() -> TaskContext<'static> {
        TaskContext::new(&Detached)
    }

    /// Full path of the node: `measure["XX"]`.
    pub fn node(&self) -> String {
        (self.vtable.node)(self.host).into_string()
    }

    /// Which try this is, from 1.
    pub fn attempt(&self) -> u32 {
        (self.vtable.attempt)(self.host)
    }

    /// The map item this attempt works on, where there is one.
    pub fn item(&self) -> Option<Item> {
        let index = (self.vtable.item_index)(self.host).into_option()?;
        let key = (self.vtable.item_key)(self.host).into_option().map(RString::into_string);
        Some(Item { index, key })
    }

    /// Time left before the deadline, where there is one.
    pub fn time_left(&self) -> Option<Duration> {
        (self.vtable.time_left_ns)(self.host).into_option().map(Duration::from_nanos)
    }

    /// Whether the task should stop: the run was cancelled or the time is up. A few nanoseconds.
    pub fn cancelled(&self) -> bool {
        (self.vtable.cancelled)(self.host)
    }

    /// Fails with [`crate::ErrorClass::CANCELLED`] when the task should stop; for use with `?`.
    ///
    /// # Errors
    /// When [`Self::cancelled`].
    pub fn check_cancelled(&self) -> Result<(), crate::TaskError> {
        if self.cancelled() {
            return Err(crate::TaskError::new(crate::ErrorClass::CANCELLED, "cancelled"));
        }
        Ok(())
    }

    /// A seed for random numbers, from run, node path and item: the same on every attempt.
    pub fn seed(&self) -> u64 {
        (self.vtable.seed)(self.host)
    }

    /// How many threads the task may use, at least 1.
    pub fn threads(&self) -> u32 {
        (self.vtable.threads)(self.host)
    }

    /// A folder of this attempt's own, made on the first call and removed after the attempt.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temp_dir(&self) -> Result<PathBuf, crate::TaskError> {
        let mut made = false;
        let text = (self.vtable.temp_dir)(self.host, &mut made).into_string();
        if made {
            Ok(PathBuf::from(text))
        } else {
            Err(crate::TaskError::msg(format!("cannot make a temporary folder: {}", text)))
        }
    }

    /// Reports progress, 0 to 1, with a few words.
    pub fn progress(&self, fraction: f64, note: &str) {
        (self.vtable.progress)(self.host, fraction, RStr::from(note));
    }

    /// Writes a log line. Packs log here, not to a logging crate of their own: its state would
    /// not be the host's.
    pub fn log(&self, level: LogLevel, message: impl fmt::Display) {
        (self.vtable.log)(self.host, level, RStr::from(message.to_string().as_str()));
    }

    /// An interface that the host offers; `None` where it has none of that name, as an older
    /// host or one that does other things. See [`Interface`].
    ///
    /// # Errors
    /// When the host declares it differently under the same name.
    pub fn interface<T: Interface>(&self) -> Result<Option<&'a T>, InterfaceError> {
        let head = (self.vtable.interface)(self.host, RStr::from_str(T::NAME));
        // SAFETY: by the contract of the slot it is null or an `Offer` borrowed from the host,
        // which is alive for `'a`.
        unsafe { interface::read(head) }
    }
}

struct Detached;

impl Host for Detached {
    fn node(&self) -> Cow<'_, str> {
        Cow::Borrowed("detached")
    }
    fn cancelled(&self) -> bool {
        false
    }
    fn seed(&self) -> u64 {
        0
    }
    fn temp_dir(&self) -> std::io::Result<PathBuf> {
        Ok(std::env::temp_dir())
    }
    fn progress(&self, _fraction: f64, _note: &str) {}
    fn log(&self, _level: LogLevel, _message: &str) {}
}

struct VTableOf<H>(H);

impl<H: Host> VTableOf<H> {
    const VTABLE: ContextVTable = ContextVTable {
        node: Self::node,
        attempt: Self::attempt,
        item_index: Self::item_index,
        item_key: Self::item_key,
        time_left_ns: Self::time_left_ns,
        cancelled: Self::cancelled,
        seed: Self::seed,
        threads: Self::threads,
        temp_dir: Self::temp_dir,
        progress: Self::progress,
        log: Self::log,
        interface: Self::interface,
    };

    /// Calls the host; a panic of its becomes `fallback`, since one in an `extern "C"` frame
    /// would end the process.
    fn ask<R>(host: *const (), fallback: R, call: impl FnOnce(&H) -> R) -> R {
        // SAFETY: the pointer came from the `&'a H` in `TaskContext::new`, alive for `'a`.
        let host = unsafe { &*host.cast::<H>() };
        match catch_unwind(AssertUnwindSafe(|| call(host))) {
            Ok(answer) => answer,
            Err(payload) => {
                crate::shield::text_of(payload);
                fallback
            }
        }
    }

    extern "C" fn node(host: *const ()) -> RString {
        Self::ask(host, RString::new(), |host| RString::from(host.node().into_owned()))
    }
    extern "C" fn attempt(host: *const ()) -> u32 {
        Self::ask(host, 1, H::attempt)
    }
    extern "C" fn item_index(host: *const ()) -> ROption<u64> {
        Self::ask(host, ROption::RNone, |host| host.item().map(|item| item.index).into())
    }
    extern "C" fn item_key(host: *const ()) -> ROption<RString> {
        Self::ask(host, ROption::RNone, |host| {
            host.item().and_then(|item| item.key).map(RString::from).into()
        })
    }
    extern "C" fn time_left_ns(host: *const ()) -> ROption<u64> {
        Self::ask(host, ROption::RNone, |host| {
            host.time_left().map(|left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX)).into()
        })
    }
    extern "C" fn cancelled(host: *const ()) -> bool {
        Self::ask(host, true, H::cancelled)
    }
    extern "C" fn seed(host: *const ()) -> u64 {
        Self::ask(host, 0, H::seed)
    }
    extern "C" fn threads(host: *const ()) -> u32 {
        Self::ask(host, 1, H::threads)
    }
    extern "C" fn temp_dir(host: *const (), made: &mut bool) -> RString {
        let answer = Self::ask(host, Err(String::from("the host failed")), |host| {
            let path = host.temp_dir().map_err(|error| error.to_string())?;
            path.into_os_string().into_string().map_err(|_| String::from("its path is not UTF-8"))
        });
        *made = answer.is_ok();
        RString::from(answer.unwrap_or_else(|error| error))
    }
    extern "C" fn progress(host: *const (), fraction: f64, note: RStr<'_>) {
        Self::ask(host, (), |host| host.progress(fraction, note.as_str()));
    }
    extern "C" fn log(host: *const (), level: LogLevel, message: RStr<'_>) {
        Self::ask(host, (), |host| host.log(level, message.as_str()));
    }
    extern "C" fn interface(host: *const (), name: RStr<'_>) -> *const () {
        Self::ask(host, std::ptr::null(), |host| AnyOffer::into_head(host.interface(name.as_str())))
    }
}
