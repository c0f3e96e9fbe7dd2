//! The fields of a struct or of an enum's variant: their schema, reading and writing them.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Fields, Ident, Type};

use super::serde::{Attrs, Case, DefaultIs, Place};
use crate::docs::Errors;

/// What a struct or variant carries.
pub(super) enum Shape {
    /// Nothing: `struct A;`.
    Unit,
    /// One thing, whose data it has: `struct A(T);`, or `transparent`.
    Newtype(Vec<Part>),
    /// A list: `struct A(T, U);`.
    Tuple(Vec<Part>),
    /// Named fields.
    Named(Vec<Part>),
}

/// One field.
pub(super) struct Part {
    /// The field's name or number in Rust.
    pub(super) member: syn::Member,
    /// What it is bound to in a pattern.
    pub(super) binding: Ident,
    /// Its name in the data, then its other names.
    pub(super) names: Vec<String>,
    pub(super) ty: Type,
    default: Option<DefaultIs>,
    /// Whether it may be missing whatever its type.
    optional: bool,
    pub(super) skip: bool,
    skip_if: Option<syn::ExprPath>,
}

impl Shape {
    /// Reads the fields of a type or variant with these attributes.
    pub(super) fn read(
        fields: &Fields,
        case: Option<Case>,
        whole: &Attrs,
        errors: &mut Errors,
    ) -> Self {
        let transparent = whole.transparent;
        let mut parts = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let attrs = Attrs::read(&field.attrs, Place::Field, errors);
            let member = match &field.ident {
                Some(ident) => syn::Member::Named(ident.clone()),
                None => syn::Member::Unnamed(syn::Index::from(at)),
            };
            let written = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            let written = written.trim_start_matches("r#");
            let renamed = case.map_or_else(|| written.to_owned(), |case| case.of_field(written));
            let mut names = vec![attrs.rename.clone().unwrap_or(renamed)];
            names.extend(attrs.alias.iter().cloned());
            if field.ident.is_none() {
                let named = attrs.rename.is_some() || !attrs.alias.is_empty();
                if named || attrs.skip_if.is_some() || (!attrs.skip && attrs.default.is_some()) {
                    errors
                        .at(field, "a field without a name is always there: it takes only `skip`");
                }
                if attrs.skip && !transparent {
                    errors.at(
                        field,
                        "`Record` does not support `skip` in a tuple: give the fields names",
                    );
                }
            }
            let readable =
                attrs.default.is_some() || whole.default.is_some() || is_option(&field.ty);
            if attrs.skip_if.is_some() && !readable {
                errors.at(
                    field,
                    "a field that may be left out on writing must be readable without: add `default`",
                );
            }
            parts.push(Part {
                member,
                binding: format_ident!("__field{}", at, span = Span::call_site()),
                names,
                ty: field.ty.clone(),
                optional: attrs.default.is_some() || whole.default.is_some(),
                default: attrs.default,
                skip: attrs.skip,
                skip_if: attrs.skip_if,
            });
        }
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| !part.skip) {
            let earlier = parts[..at].iter().filter(|earlier| !earlier.skip);
            for earlier in earlier {
                let twice = part.names.iter().find(|name| earlier.names.contains(name));
                if let (syn::Member::Named(ident), Some(name)) = (&part.member, twice) {
                    errors.at(ident, format!("two fields are called `{}`", name));
                }
            }
        }
        let carrying = parts.iter().filter(|part| !part.skip).count();
        match fields {
            _ if transparent => {
                if carrying != 1 {
                    errors.at(fields, "a transparent type has exactly one field without `skip`");
                }
                Self::Newtype(parts)
            }
            Fields::Unit => Self::Unit,
            Fields::Unnamed(_) if parts.len() == 1 => Self::Newtype(parts),
            Fields::Unnamed(_) => Self::Tuple(parts),
            Fields::Named(_) => Self::Named(parts),
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        match self {
            Self::Unit => &[],
            Self::Newtype(parts) | Self::Tuple(parts) | Self::Named(parts) => parts,
        }
    }

    /// The type as a constant.
    pub(super) fn schema(&self) -> TokenStream {
        let api = quote!(::terrace_plugin_api);
        match self {
            Self::Unit => quote!(#api::Schema::Null),
            Self::Newtype(parts) => {
                parts.iter().filter(|part| !part.skip).map(Part::schema).collect()
            }
            Self::Tuple(parts) => {
                let schemas = parts.iter().map(Part::schema);
                quote!(#api::Schema::Tuple(&[#(#schemas),*]))
            }
            Self::Named(parts) => {
                let fields = parts.iter().filter(|part| !part.skip).map(|part| {
                    let name = &part.names[0];
                    let schema = part.schema();
                    let optional = match part.optional {
                        true => quote!(true),
                        false => quote!(#schema.is_optional()),
                    };
                    quote!(#api::Field { name: #name, schema: #schema, optional: #optional })
                });
                quote!(#api::Schema::Record(&[#(#fields),*]))
            }
        }
    }

    /// A pattern that binds the fields.
    pub(super) fn pattern(&self) -> TokenStream {
        let binds = self.parts().iter().map(|Part { member, binding, skip, .. }| {
            if *skip {
                quote!(#member: _)
            } else {
                quote!(#member: #binding)
            }
        });
        quote!({ #(#binds),* })
    }

    /// An expression for the value, of the bound fields. Uses `?`.
    pub(super) fn write(&self) -> TokenStream {
        let p = quote!(::terrace_plugin_api::__private);
        match self {
            Self::Unit => quote!(::terrace_plugin_api::Value::Null),
            Self::Newtype(parts) => {
                parts.iter().filter(|part| !part.skip).map(Part::write).collect()
            }
            Self::Tuple(parts) => {
                let items = parts.iter().enumerate().map(|(at, part)| {
                    let item = part.write_result();
                    quote!(#p::item_at(#at, #item)?)
                });
                quote!(#p::write_list(::std::vec![#(#items),*])?)
            }
            Self::Named(_) => {
                let entries = self.write_entries();
                quote!({ #entries #p::write_record(__entries)? })
            }
        }
    }

    /// Statements that put the bound named fields into `__entries`. Uses `?`.
    fn write_entries(&self) -> TokenStream {
        let p = quote!(::terrace_plugin_api::__private);
        let count = self.parts().iter().filter(|part| !part.skip).count();
        let pushes = self.parts().iter().filter(|part| !part.skip).map(|part| {
            let (name, binding) = (&part.names[0], &part.binding);
            let result = part.write_result();
            let push = quote!(__entries.push((#name, #p::field_at(#name, #result)?)););
            match &part.skip_if {
                Some(path) => quote!(if !#path(&#binding) { #push }),
                None => push,
            }
        });
        quote! {
            let mut __entries = ::std::vec::Vec::with_capacity(#count);
            #(#pushes)*
        }
    }

    /// An expression that reads the value `__value` and builds `path`. Uses `?`.
    ///
    /// `fallback` names a value of the type whose fields stand in for missing ones.
    pub(super) fn build(
        &self,
        path: &TokenStream,
        deny_unknown: bool,
        fallback: Option<&Ident>,
    ) -> TokenStream {
        let p = quote!(::terrace_plugin_api::__private);
        let api = quote!(::terrace_plugin_api);
        match self {
            Self::Unit => quote!({
                <() as #api::PortType>::from_value(__value)?;
                #path {}
            }),
            Self::Newtype(parts) => {
                let fields = parts.iter().map(|part| {
                    let member = &part.member;
                    let value = if part.skip {
                        part.missing(fallback)
                    } else {
                        let ty = &part.ty;
                        quote_spanned!(part.place()=> <#ty as #api::PortType>::from_value(__value)?)
                    };
                    quote!(#member: #value)
                });
                quote!(#path { #(#fields),* })
            }
            Self::Tuple(parts) => {
                let count = parts.len();
                let items = parts.iter().map(|part| {
                    let (member, ty) = (&part.member, &part.ty);
                    let read = quote_spanned!(part.place()=> __items.take::<#ty>()?);
                    quote!(#member: #read)
                });
                quote!({
                    let mut __items = #p::Items::of(__value, #count)?;
                    #path { #(#items),* }
                })
            }
            Self::Named(parts) => {
                let fields = parts.iter().map(|part| {
                    let member = &part.member;
                    let value = part.read(fallback);
                    quote!(#member: #value)
                });
                let known = parts.iter().filter(|part| !part.skip).flat_map(|part| &part.names);
                let finish = deny_unknown.then(|| quote!(__fields.finish(&[#(#known),*])?;));
                quote!({
                    let mut __fields = #p::Fields::of(__value)?;
                    let __built = #path { #(#fields),* };
                    #finish
                    __built
                })
            }
        }
    }
}

impl Part {
    fn place(&self) -> Span {
        Span::call_site().located_at(self.ty.span())
    }

    fn schema(&self) -> TokenStream {
        let ty = &self.ty;
        quote_spanned!(self.place()=> <#ty as ::terrace_plugin_api::PortType>::SCHEMA)
    }

    /// A `Result` of the bound field's value.
    fn write_result(&self) -> TokenStream {
        let (ty, binding) = (&self.ty, &self.binding);
        quote_spanned!(self.place()=> <#ty as ::terrace_plugin_api::PortType>::into_value(#binding))
    }

    /// The bound field's value.
    fn write(&self) -> TokenStream {
        let result = self.write_result();
        quote!(#result?)
    }

    /// What stands in where it is missing.
    fn missing(&self, fallback: Option<&Ident>) -> TokenStream {
        let member = &self.member;
        match (&self.default, fallback) {
            (Some(default), _) => default.call(),
            (None, Some(fallback)) => quote!(#fallback.#member),
            (None, None) => quote!(::core::default::Default::default()),
        }
    }

    fn read(&self, fallback: Option<&Ident>) -> TokenStream {
        let Self { names, ty, .. } = self;
        if self.skip {
            return self.missing(fallback);
        }
        if self.default.is_none() && fallback.is_none() {
            return quote_spanned!(self.place()=> __fields.required::<#ty>(&[#(#names),*])?);
        }
        let read = quote_spanned!(self.place()=> __fields.optional::<#ty>(&[#(#names),*])?);
        let missing = self.missing(fallback);
        quote! {
            match #read {
                ::core::option::Option::Some(__found) => __found,
                ::core::option::Option::None => #missing,
            }
        }
    }
}

/// Whether a type is written as `Option<…>`.
fn is_option(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|segment| segment.ident == "Option")
        }
        _ => false,
    }
}
