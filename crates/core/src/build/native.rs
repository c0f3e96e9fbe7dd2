//! What Rust values look like on edges.
//!
//! A closure's output is kept as plain data where that is just as good (numbers, bools, text,
//! [`Value`] itself) and otherwise travels as an [`Ext`] around the very value, so closures may
//! exchange any type. Where such an edge leads to a pack or an output, a [`Codec`] turns it into
//! data; where data leads to a closure, a codec makes the Rust value.

use std::any::{Any, TypeId, type_name};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use terrace_plugin_api::{ErrorClass, Ext, Outcome, PortType, TaskError, Value};

use crate::expr::Adapter;
use crate::types::Type;

/// A type that edges to and from packs, inputs and outputs may carry.
pub trait Wire: PortType + Clone + Any + Send + Sync {}
impl<T: PortType + Clone + Any + Send + Sync> Wire for T {}

/// A type that edges between closures may carry, also as the item of a map.
pub trait Native: Clone + Any + Send + Sync {}
impl<T: Clone + Any + Send + Sync> Native for T {}

/// Turns a Rust value into data and back, for a type that is a port.
#[derive(Clone, Debug)]
pub(crate) struct Codec {
    /// From an [`Ext`] around the value, or from data as it is.
    pub(crate) encode: Adapter,
    /// From data to an [`Ext`] around the value.
    pub(crate) decode: Adapter,
}

impl Codec {
    pub(crate) fn of<T: Wire>() -> Self {
        Self { encode: Adapter::new(encode::<T>), decode: Adapter::new(decode::<T>) }
    }
}

/// The codecs of the types that a builder has met, and those of common types.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct Codecs(HashMap<TypeId, Codec>);

impl Codecs {
    pub(super) fn learn<T: Wire>(&mut self) {
        self.0.entry(TypeId::of::<T>()).or_insert_with(Codec::of::<T>);
    }

    pub(super) fn get(&self, of: TypeId) -> Option<&Codec> {
        static COMMON: LazyLock<Codecs> = LazyLock::new(Codecs::common);
        self.0.get(&of).or_else(|| COMMON.0.get(&of))
    }

    /// Types that come up where nothing says that they are ports: as parameters of closures alone.
    fn common() -> Self {
        let mut common = Self::default();
        macro_rules! learn {
            ($($type:ty),*) => {$(
                common.learn::<Option<$type>>();
                common.learn::<Vec<$type>>();
                common.learn::<Vec<Vec<$type>>>();
                common.learn::<BTreeMap<String, $type>>();
                common.learn::<HashMap<String, $type>>();
            )*};
        }
        learn!(Value, bool, i64, f64, u64, i32, u32, usize, String, Outcome);
        common.learn::<Outcome>();
        common
    }
}

fn encode<T: Wire>(value: Value) -> Result<Value, TaskError> {
    match value {
        Value::Ext(ext) if ext.is::<T>() => {
            let owned = take_ext::<T>(ext).map_err(mistyped::<T>)?;
            owned.into_value().map_err(|error| error.in_output())
        }
        data => Ok(data),
    }
}

fn decode<T: Wire>(value: Value) -> Result<Value, TaskError> {
    match value {
        Value::Ext(ext) if ext.is::<T>() => Ok(Value::Ext(ext)),
        data => {
            let value = T::from_value(data)
                .map_err(|error| TaskError::new(ErrorClass::INVALID_INPUT, error.to_string()))?;
            Ok(keep(value))
        }
    }
}

/// The value inside, moved out where nobody else holds it.
pub(super) fn take_ext<T: Clone + Any + Send + Sync>(ext: Ext) -> Result<T, Value> {
    let shared = ext.downcast::<T>().map_err(Value::Ext)?;
    Ok(Arc::try_unwrap(shared).unwrap_or_else(|shared| (*shared).clone()))
}

/// One type seen as another: succeeds exactly when they are the same.
fn same<A: Any, B: Any>(value: A) -> Result<B, A> {
    let mut slot = Some(value);
    let taken = (&mut slot as &mut dyn Any).downcast_mut::<Option<B>>().and_then(Option::take);
    match (taken, slot) {
        (Some(value), _) => Ok(value),
        (None, Some(value)) => Err(value),
        (None, None) => unreachable!("the slot is emptied only by taking the value"),
    }
}

macro_rules! plain_types {
    ($($type:ty => $read:expr, $wrap:expr;)*) => {
        /// Keeps a Rust value on an edge.
        #[inline(always)]
        pub(crate) fn keep<T: Any + Send + Sync>(value: T) -> Value {
            $(let value = match same::<T, $type>(value) {
                Ok(plain) => return ($wrap)(plain),
                Err(value) => value,
            };)*
            Value::Ext(Ext::new(value))
        }

        /// Whether a closure's value of this type lies on an edge as data.
        #[inline]
        pub(crate) fn is_plain<T: Any>() -> bool {
            false $(|| TypeId::of::<T>() == TypeId::of::<$type>())*
        }

        /// Reads a type that is kept as plain data; `None` for any other type.
        #[inline(always)]
        fn read_plain<T: Any>(value: &Value) -> Option<Option<T>> {
            $(if TypeId::of::<T>() == TypeId::of::<$type>() {
                let read: fn(&Value) -> Option<$type> = $read;
                return Some(read(value).and_then(|plain| same::<$type, T>(plain).ok()));
            })*
            None
        }
    };
}

plain_types! {
    Value => |value| Some(value.clone()), |plain| plain;
    i64 => Value::as_i64, Value::I64;
    f64 => Value::as_f64, Value::F64;
    bool => Value::as_bool, Value::Bool;
    u64 => Value::as_u64, Value::from;
    i32 => |value| i32::try_from(value.as_i64()?).ok(), Value::from;
    u32 => |value| u32::try_from(value.as_i64()?).ok(), |plain| Value::I64(i64::from(plain));
    usize => |value| usize::try_from(value.as_u64()?).ok(), |plain| Value::from(plain as u64);
    String => |value| value.as_str().map(str::to_owned), Value::from;
    () => |value| matches!(value, Value::Null).then_some(()), Value::from;
}

/// Takes a Rust value off an edge, moved out where nobody else holds it.
#[inline(always)]
pub(crate) fn take<T: Clone + Any + Send + Sync>(value: &mut Value) -> Result<T, TaskError> {
    if let Some(plain) = read_plain(value) {
        return plain.ok_or_else(|| wrong::<T>(value));
    }
    match std::mem::take(value) {
        Value::Ext(ext) => take_ext(ext).map_err(mistyped::<T>),
        other => Err(mistyped::<T>(other)),
    }
}

#[cold]
#[inline(never)]
fn wrong<T>(found: &Value) -> TaskError {
    mistyped::<T>(found.clone())
}

/// A Rust value on an edge, borrowed where it lies there.
pub(crate) enum Seen<'a, T> {
    Plain(T),
    Kept(&'a T),
}

impl<T> std::ops::Deref for Seen<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            Self::Plain(value) => value,
            Self::Kept(value) => value,
        }
    }
}

/// Looks at a Rust value on an edge.
#[inline]
pub(crate) fn see<T: Any + Send + Sync>(value: &Value) -> Result<Seen<'_, T>, TaskError> {
    if let Some(plain) = read_plain(value) {
        return plain.map(Seen::Plain).ok_or_else(|| wrong::<T>(value));
    }
    match value {
        Value::Ext(ext) => {
            ext.downcast_ref().map(Seen::Kept).ok_or_else(|| mistyped::<T>(value.clone()))
        }
        other => Err(mistyped::<T>(other.clone())),
    }
}

pub(super) fn mistyped<T>(found: Value) -> TaskError {
    let found = match &found {
        Value::Ext(ext) => ext.type_name().to_owned(),
        other => other.kind().to_owned(),
    };
    TaskError::new(
        ErrorClass::INVALID_INPUT,
        format!("expected {}, found {found}", type_name::<T>()),
    )
}

/// The [`Type`] of a Rust type that is a port.
pub(crate) fn type_of<T: PortType>() -> Type {
    // The notation that plugin-api writes is the one that core reads; a test holds them together.
    T::SCHEMA.to_string().parse().unwrap_or(Type::Any)
}

/// The type of a closure's port or output as far as it is known.
pub(crate) fn plain_type<T: Any>() -> Type {
    let id = TypeId::of::<T>();
    let is = |other: TypeId| id == other;
    if is(TypeId::of::<i64>()) || is(TypeId::of::<i32>()) || is(TypeId::of::<u32>()) {
        Type::I64
    } else if is(TypeId::of::<u64>()) || is(TypeId::of::<usize>()) {
        Type::U64
    } else if is(TypeId::of::<f64>()) {
        Type::F64
    } else if is(TypeId::of::<bool>()) {
        Type::Bool
    } else if is(TypeId::of::<String>()) {
        Type::Str
    } else if is(TypeId::of::<()>()) {
        Type::Null
    } else {
        Type::Any
    }
}

/// How data becomes a closure's parameter, where it is not read as it is.
pub(crate) fn decoder<T: Any>(codecs: &Codecs) -> Option<Adapter> {
    if is_plain::<T>() {
        return None;
    }
    codecs.get(TypeId::of::<T>()).map(|codec| codec.decode.clone())
}

/// Why a handle's value could not be read after a run.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    message: String,
}

impl ReadError {
    pub(crate) fn new(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string() }
    }
}

/// Reads a value as a port's type, whether a closure kept it or a pack gave it as data.
pub(crate) fn read<T: Wire>(value: Value) -> Result<T, ReadError> {
    let mut kept = decode::<T>(value).map_err(|error| ReadError::new(error.message()))?;
    take(&mut kept).map_err(|error| ReadError::new(error.message()))
}
