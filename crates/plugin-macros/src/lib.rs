//! Macros for authors of Terrace packs. Use them through `terrace-plugin-api`, which documents
//! them in context; what they generate names only that crate.
//!
//! - [`task`]: reads a function's signature in `task`, checks it, writes the type beside it.
//! - [`Record`] and [`Opaque`]: port types of structs and enums.
//! - [`Interface`]: tables of functions that packs and hosts offer to each other.
//! - [`export_pack`]: the list of a pack's tasks and interfaces.
//!
//! Attributes that a later edition wants written as `unsafe(…)` are not generated here but by a
//! macro of `terrace-plugin-api`, which keeps that crate's edition.

// Old compilers, for which this crate must build, do not know `#[expect]`.
#![allow(clippy::allow_attributes)]
#![deny(clippy::incompatible_msrv)]
#![forbid(unsafe_code)]

mod docs;
mod host;
mod interface;
mod pack;
mod record;
mod task;

use proc_macro::TokenStream;

/// Makes a task of a function. See `terrace_plugin_api::task`.
#[proc_macro_attribute]
pub fn task(options: TokenStream, item: TokenStream) -> TokenStream {
    task::expand(options.into(), item.into()).into()
}

/// Makes a port type of a struct or enum of data. See `terrace_plugin_api::Record`.
#[proc_macro_derive(Record, attributes(serde))]
pub fn record(item: TokenStream) -> TokenStream {
    record::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `Record` for programs that embed Terrace: the same, through `terrace::api`.
#[proc_macro_derive(HostRecord, attributes(serde))]
pub fn host_record(item: TokenStream) -> TokenStream {
    let code = record::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error);
    host::through_facade(code).into()
}

/// Makes a port type of a private struct or enum. See `terrace_plugin_api::Opaque`.
#[proc_macro_derive(Opaque, attributes(opaque))]
pub fn opaque(item: TokenStream) -> TokenStream {
    record::opaque(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an interface of a `repr(C)` struct. See `terrace_plugin_api::Interface`.
#[proc_macro_derive(Interface, attributes(interface))]
pub fn interface(item: TokenStream) -> TokenStream {
    interface::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `Interface` for programs that embed Terrace: the same, through `terrace::api`.
#[proc_macro_derive(HostInterface, attributes(interface))]
pub fn host_interface(item: TokenStream) -> TokenStream {
    let code = interface::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error);
    host::through_facade(code).into()
}

/// Exports the tasks and interfaces of a pack. See `terrace_plugin_api::export_pack`.
#[proc_macro]
pub fn export_pack(input: TokenStream) -> TokenStream {
    pack::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
