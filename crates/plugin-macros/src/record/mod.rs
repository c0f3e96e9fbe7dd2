//! `derive(Record)`: the port type of a struct or enum of data, in the form that serde gives it.
//!
//! Reading and writing of whole shapes is in `terrace_plugin_api::__private`; what is generated
//! only names the fields. Serde's attributes: [`mod@serde`]. Fields: [`fields`]. `derive(Opaque)`:
//! [`mod@opaque`].

mod fields;
mod opaque;
mod serde;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DataEnum, DeriveInput, Fields, Generics};

use crate::docs::Errors;
use fields::Shape;
use serde::{Attrs, Case, DefaultIs, Place};

pub(crate) use opaque::expand as opaque;

pub(crate) fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let mut errors = Errors::default();
    if let Some(lifetime) = input.generics.lifetimes().next() {
        errors.at(lifetime, "a port owns its data: use `String` instead of `&str`, and the like");
    }
    let body = match &input.data {
        Data::Struct(data) => {
            let attrs = Attrs::read(&input.attrs, Place::Struct, &mut errors);
            write_struct(&attrs, &data.fields, &mut errors)
        }
        Data::Enum(data) => {
            let attrs = Attrs::read(&input.attrs, Place::Enum, &mut errors);
            Enum::read(attrs, data, &mut errors).write()
        }
        Data::Union(data) => {
            errors.at(data.union_token, "a union cannot be a port: make it an enum");
            Body::default()
        }
    };
    errors.finish()?;
    Ok(implement(&input.ident, input.generics, &body))
}

/// What the implementation consists of.
#[derive(Default)]
struct Body {
    schema: TokenStream,
    /// Of `__value`, to a `Result<Self, PortError>`.
    read: TokenStream,
    /// Of `self`, to a `Result<Value, PortError>`.
    write: TokenStream,
}

fn implement(ident: &syn::Ident, mut generics: Generics, body: &Body) -> TokenStream {
    let api = quote!(::terrace_plugin_api);
    for param in generics.type_params_mut() {
        param.bounds.push(syn::parse_quote!(::terrace_plugin_api::PortType));
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let Body { schema, read, write } = body;
    quote! {
        #[automatically_derived]
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::allow_attributes)]
        impl #impl_generics #api::PortType for #ident #ty_generics #where_clause {
            const SCHEMA: #api::Schema = #schema;

            fn from_value(
                __value: #api::Value,
            ) -> ::core::result::Result<Self, #api::PortError> {
                #read
            }

            fn into_value(self) -> ::core::result::Result<#api::Value, #api::PortError> {
                #write
            }
        }
    }
}

fn write_struct(attrs: &Attrs, fields: &Fields, errors: &mut Errors) -> Body {
    let shape = Shape::read(fields, attrs.rename_all, attrs, errors);
    let named = matches!(shape, Shape::Named(_)) || attrs.transparent;
    if attrs.default.is_some() && !named {
        errors.at(fields, "`default` on a type needs fields with names");
    }
    let fallback = format_ident!("__fallback", span = proc_macro2::Span::call_site());
    let make_fallback = attrs.default.as_ref().map(|default| {
        let default = DefaultIs::call(default);
        quote!(let #fallback: Self = #default;)
    });
    let fallback = attrs.default.as_ref().map(|_| &fallback);
    let build = shape.build(&quote!(Self), attrs.deny_unknown, fallback);
    let (pattern, write) = (shape.pattern(), shape.write());
    Body {
        schema: shape.schema(),
        read: quote! {
            #make_fallback
            ::core::result::Result::Ok(#build)
        },
        write: quote! {
            let Self #pattern = self;
            ::core::result::Result::Ok(#write)
        },
    }
}

struct Variant {
    ident: syn::Ident,
    /// Its name in the data, then its other names.
    names: Vec<String>,
    shape: Shape,
    skip: bool,
}

struct Enum {
    attrs: Attrs,
    variants: Vec<Variant>,
}

impl Enum {
    fn read(attrs: Attrs, data: &DataEnum, errors: &mut Errors) -> Self {
        let mut variants: Vec<Variant> = Vec::new();
        for variant in &data.variants {
            let own = Attrs::read(&variant.attrs, Place::Variant, errors);
            let case: Option<Case> = own.rename_all.or(attrs.rename_all_fields);
            let shape = Shape::read(&variant.fields, case, &own, errors);
            let written = variant.ident.to_string();
            let written = written.trim_start_matches("r#");
            let renamed = match attrs.rename_all {
                Some(case) => case.of_variant(written),
                None => written.to_owned(),
            };
            let mut names = vec![own.rename.clone().unwrap_or(renamed)];
            names.extend(own.alias.iter().cloned());
            if attrs.tag.is_some() && attrs.content.is_none() && !own.skip {
                if let Shape::Tuple(_) = shape {
                    errors.at(
                        &variant.fields,
                        "beside a tag there must be names: give the fields names, or the enum `content = \"…\"`",
                    );
                }
                let tag = attrs.tag.as_ref();
                if let Shape::Named(parts) = &shape {
                    if parts
                        .iter()
                        .any(|part| !part.skip && part.names.iter().any(|name| Some(name) == tag))
                    {
                        errors.at(&variant.fields, "a field has the same name as the tag");
                    }
                }
            }
            let known = variants.iter().filter(|other| !other.skip && !own.skip);
            for other in known {
                if let Some(name) = names.iter().find(|name| other.names.contains(name)) {
                    errors.at(&variant.ident, format!("two variants are called `{}`", name));
                }
            }
            variants.push(Variant { ident: variant.ident.clone(), names, shape, skip: own.skip });
        }
        if variants.iter().all(|variant| variant.skip) {
            errors.push(syn::Error::new(
                data.brace_token.span.join(),
                "an enum without variants has no values and cannot be a port",
            ));
        }
        if let (Some(_), None) = (&attrs.content, &attrs.tag) {
            errors.push(syn::Error::new(
                data.brace_token.span.join(),
                "`content` needs `tag`: `#[serde(tag = \"type\", content = \"data\")]`",
            ));
        }
        Self { attrs, variants }
    }

    fn write(&self) -> Body {
        let api = quote!(::terrace_plugin_api);
        let p = quote!(#api::__private);
        let (tag, content) = (&self.attrs.tag, &self.attrs.content);
        let tagged = match (tag, content) {
            (Some(tag), Some(content)) => quote!(#api::EnumTag::Adjacent(#tag, #content)),
            (Some(tag), None) => quote!(#api::EnumTag::Internal(#tag)),
            _ => quote!(#api::EnumTag::External),
        };
        let carrying = self.variants.iter().filter(|variant| !variant.skip);
        let schemas = carrying.clone().map(|variant| {
            let name = &variant.names[0];
            let schema = match &variant.shape {
                Shape::Unit => quote!(::core::option::Option::None),
                shape => {
                    let schema = shape.schema();
                    quote!(::core::option::Option::Some(#schema))
                }
            };
            quote!(#api::Variant { name: #name, schema: #schema })
        });
        let reads = carrying.clone().map(|variant| {
            let (ident, names) = (&variant.ident, &variant.names);
            let build = variant.shape.build(&quote!(Self::#ident), self.attrs.deny_unknown, None);
            let unit = match &variant.shape {
                Shape::Unit => quote!(true),
                Shape::Newtype(_) => {
                    let schema = variant.shape.schema();
                    quote!(#p::is_null(&#schema))
                }
                _ => quote!(false),
            };
            // A function of its own, so that `?` ends here and the place can be added.
            quote! {
                #(#names)|* => __found.read(#unit, |__value| ::core::result::Result::Ok(#build))
            }
        });
        let known = carrying.map(|variant| &variant.names[0]);
        let writes = self.variants.iter().map(|variant| {
            let (ident, name) = (&variant.ident, &variant.names[0]);
            if variant.skip {
                let name = ident.to_string();
                return quote!(Self::#ident { .. } => #p::skipped_variant(#name));
            }
            let pattern = variant.shape.pattern();
            let value = match &variant.shape {
                Shape::Unit => quote!(::core::option::Option::None),
                shape => {
                    let write = shape.write();
                    quote!(::core::option::Option::Some(#write))
                }
            };
            quote!(Self::#ident #pattern => #p::write_variant(#tagged, #name, #value))
        });
        Body {
            schema: quote!(#api::Schema::Enum(#tagged, &[#(#schemas),*])),
            read: quote! {
                let __found = #p::Found::of(#tagged, __value)?;
                match __found.name() {
                    #(#reads,)*
                    _ => ::core::result::Result::Err(__found.unknown(&[#(#known),*])),
                }
            },
            write: quote! {
                match self {
                    #(#writes),*
                }
            },
        }
    }
}
