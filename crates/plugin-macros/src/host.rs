//! The same code for programs that know plugin-api only as `terrace::api`.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote;

/// Writes `terrace::api` wherever the code names plugin-api's crate.
pub(crate) fn through_facade(stream: TokenStream) -> TokenStream {
    stream
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(name) if name == "terrace_plugin_api" => {
                let facade = Ident::new("terrace", name.span());
                let api = Ident::new("api", name.span());
                quote!(#facade::#api)
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), through_facade(group.stream()));
                inside.set_span(group.span());
                TokenTree::Group(inside).into()
            }
            other => other.into(),
        })
        .collect()
}
