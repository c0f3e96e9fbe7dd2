//! Port types of structs and enums.

use proc_macro2::TokenStream;

pub(crate) fn expand(_item: TokenStream) -> syn::Result<TokenStream> {
    Ok(TokenStream::new())
}

pub(crate) fn opaque(_item: TokenStream) -> syn::Result<TokenStream> {
    Ok(TokenStream::new())
}
