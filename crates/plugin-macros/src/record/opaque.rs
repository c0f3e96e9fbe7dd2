//! `derive(Opaque)`: the port type of a private type, passed on by others without being read.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, LitStr};

use crate::docs::Errors;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let mut errors = Errors::default();
    let (mut name, mut data) = (None, false);
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("opaque")) {
        let result = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                let text: LitStr = meta.value()?.parse()?;
                let wrong = |c: char| c.is_whitespace() || "<>,{}()?\"".contains(c);
                if text.value().is_empty() || text.value().contains(wrong) {
                    return Err(syn::Error::new(
                        text.span(),
                        "the name of an opaque type has no blanks, brackets, commas or quotes",
                    ));
                }
                name = Some(text.value());
                Ok(())
            } else if meta.path.is_ident("serialize") {
                data = true;
                Ok(())
            } else {
                Err(meta.error("an opaque type takes `name = \"…\"` and `serialize`"))
            }
        });
        if let Err(error) = result {
            errors.push(error);
        }
    }
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "an opaque type is known by its name, so it cannot be generic");
    }
    errors.finish()?;

    let api = quote!(::terrace_plugin_api);
    let ident = &input.ident;
    let name = match name {
        Some(name) => quote!(#name),
        None => {
            let own = format!("::{}", ident.to_string().trim_start_matches("r#"));
            quote!(::core::concat!(::core::env!("CARGO_PKG_NAME"), #own))
        }
    };
    // Not even a `Serialize` that is missing should point into generated code.
    let place = Span::call_site().located_at(ident.span());
    let wrap = data.then(|| {
        quote_spanned! {place=>
            fn wrap(self) -> #api::Ext {
                #api::Ext::serializable(self)
            }
        }
    });
    let opaque = quote_spanned! {place=>
        #[automatically_derived]
        impl #api::__private::OpaqueType for #ident {
            const NAME: &'static str = #name;
            #wrap
        }
    };
    Ok(quote! {
        #opaque

        #[automatically_derived]
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::allow_attributes)]
        impl #api::PortType for #ident {
            const SCHEMA: #api::Schema =
                #api::Schema::Ext(<Self as #api::__private::OpaqueType>::NAME);

            fn from_value(
                __value: #api::Value,
            ) -> ::core::result::Result<Self, #api::PortError> {
                #[allow(unused_imports)]
                use #api::__private::{CopyOutKind, SoleKind};
                let __counted = #api::__private::take_opaque::<Self>(__value)?;
                (&&#api::__private::tag_of::<Self>()).terrace_out().out(__counted)
            }

            fn into_value(self) -> ::core::result::Result<#api::Value, #api::PortError> {
                ::core::result::Result::Ok(#api::Value::Ext(
                    <Self as #api::__private::OpaqueType>::wrap(self),
                ))
            }

            fn from_ref(
                __value: &#api::Value,
            ) -> ::core::result::Result<#api::Held<'_, Self>, #api::PortError> {
                #api::__private::borrow_opaque::<Self>(__value)
            }
        }
    })
}
