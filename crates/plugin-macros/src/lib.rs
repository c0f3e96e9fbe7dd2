//! Macros for authors of Terrace packs. Use them through `terrace-plugin-api`.
use proc_macro::TokenStream;

/// Makes a task of a function.
#[proc_macro_attribute]
pub fn task(_args: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// Makes a port type of a struct or enum.
#[proc_macro_derive(Record, attributes(record, serde))]
pub fn record(_item: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Exports the tasks of a pack.
#[proc_macro]
pub fn export_pack(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
