//! `#[task]`: checks a function's signature and writes beside it a type of the same name, which
//! [`crate::pack`] finds by the function's path: a path names both, one as a value, one as a type.
//!
//! The function itself stays as it is written, so it can be called and tested as plain Rust.

mod options;
mod params;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned, ToTokens};
use syn::spanned::Spanned;
use syn::{ItemFn, ReturnType, Type};

use crate::docs::{self, Errors};
use options::Options;
use params::{Default, Param, Pass, Port};

/// The function as it was, and the type beside it or the reasons why there is none.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = format!("`#[task]` stands on a function with a body: {}", error);
            let error = syn::Error::new(error.span(), message).into_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let options = Options::parse(options, &mut errors);
    check_signature(&function, &mut errors);
    let mut params = Vec::new();
    for arg in &mut function.sig.inputs {
        params.extend(params::read(arg, &mut errors));
    }
    check_params(&function, &params, &mut errors);
    if let ReturnType::Type(_, ty) = &function.sig.output {
        check_return(ty, &mut errors);
    }
    let name = function.sig.ident.to_string();
    let name = options.name.clone().unwrap_or_else(|| name.trim_start_matches("r#").to_owned());
    if options.name.is_none() {
        if let Err(message) = options::check_name(&name) {
            errors.at(&function.sig.ident, message);
        }
    }
    match errors.finish() {
        // The function still stands, so that its callers bring no errors of their own.
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #function)
        }
        Ok(()) => {
            let item = write(&name, &options, &function, &params);
            quote!(#function #item)
        }
    }
}

fn check_signature(function: &ItemFn, errors: &mut Errors) {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        errors.at(
            token,
            "a task is not `async`: the engine runs many side by side; write `#[task(blocking)]` on a plain function that waits",
        );
    }
    if let Some(token) = &sig.constness {
        errors.at(token, "a task is not a `const fn`");
    }
    if let Some(token) = &sig.unsafety {
        errors.at(token, "a task is not `unsafe`: anyone may call it with anything of its types");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "a task is a Rust function: `#[task]` writes the `extern \"C\"` one");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a task has a fixed number of ports: take a `Vec<T>` instead");
    }
    if !sig.generics.params.is_empty() {
        errors.at(
            &sig.generics,
            "a task is not generic: the manifest must say its types; `Value` takes anything",
        );
    } else if let Some(clause) = &sig.generics.where_clause {
        errors.at(clause, "a task is not generic: the manifest must say its types");
    }
}

fn check_params(function: &ItemFn, params: &[Param], errors: &mut Errors) {
    let mut context = false;
    let mut names: Vec<&str> = Vec::new();
    // `params` may lack some where there were errors; then the positions say nothing.
    let inputs = &function.sig.inputs;
    let whole = inputs.len() == params.len();
    for (at, param) in params.iter().enumerate() {
        let place = inputs.iter().nth(at).filter(|_| whole).map(ToTokens::to_token_stream);
        let place = place.unwrap_or_else(|| function.sig.ident.to_token_stream());
        match param {
            Param::Context if context => errors.at(place, "a task gets its context once"),
            Param::Context => context = true,
            Param::Port(port) if names.contains(&port.name.as_str()) => {
                errors.at(place, format!("two ports are called `{}`", port.name));
            }
            Param::Port(port) => names.push(&port.name),
        }
    }
}

fn check_return(ty: &Type, errors: &mut Errors) {
    match ty {
        Type::ImplTrait(_) | Type::TraitObject(_) => errors.at(
            ty,
            "the manifest must say the type of the output: write a type instead of `impl …`",
        ),
        Type::Reference(_) => errors.at(
            ty,
            "a task gives its output away: return an owned value, `String` rather than `&str`",
        ),
        Type::Never(_) => errors.at(ty, "a task must return"),
        _ => {}
    }
}

fn option<T: ToTokens>(value: &Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The span of user code with the name resolution of generated code, so that an error points
/// there and lints know it for generated.
fn place(tokens: &impl Spanned) -> Span {
    Span::call_site().located_at(tokens.span())
}

fn write(name: &str, options: &Options, function: &ItemFn, params: &[Param]) -> TokenStream {
    let api = quote!(::terrace_plugin_api);
    let ident = &function.sig.ident;
    let vis = &function.vis;
    let cfgs: Vec<_> = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let doc = docs::text(&function.attrs);
    let Options { pure, associative, .. } = options;
    // Without effects, twice is once.
    let idempotent = options.idempotent || options.pure;
    let lane = if options.blocking { quote!(Blocking) } else { quote!(Compute) };
    let cpus = options.cpus.unwrap_or(1);
    let (memory, cost) = (option(&options.memory), option(&options.cost));
    let output = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    let output_place = match &function.sig.output {
        ReturnType::Default => Span::call_site(),
        ReturnType::Type(_, ty) => place(ty),
    };

    let (mut ports, mut slots, mut reads, mut args, mut checks) =
        (vec![], vec![], vec![], vec![], vec![]);
    for param in params {
        let port = match param {
            Param::Context => {
                args.push(quote!(__ctx));
                continue;
            }
            Param::Port(port) => port,
        };
        let slot = format_ident!("__arg{}", slots.len(), span = Span::call_site());
        let Parts { def, read, arg, check } = write_port(port, &slot);
        checks.extend(check);
        ports.push(def);
        reads.push(read);
        args.push(arg);
        slots.push(slot);
    }
    let count = slots.len();
    let item_doc = format!("The task `{}`, for `export_pack!`.", name);

    let output_schema =
        quote_spanned!(output_place=> <#output as ::terrace_plugin_api::TaskReturn>::SCHEMA);
    let answer = quote_spanned! {output_place=>
        match <#output as ::terrace_plugin_api::TaskReturn>::split(#ident(#(#args),*)) {
            ::core::result::Result::Ok(__output) => ::terrace_plugin_api::__private::output(__output),
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(
                (&&&&::terrace_plugin_api::__private::tag(&__error)).terrace_kind().raise(__error),
            ),
        }
    };

    quote! {
        #(#cfgs)*
        #[doc = #item_doc]
        #[doc(hidden)]
        #[allow(non_camel_case_types, unreachable_pub, clippy::allow_attributes)]
        #vis enum #ident {}

        #(#cfgs)*
        const _: () = {
            #(#checks)*

            #[automatically_derived]
            #[allow(deprecated, clippy::all, clippy::pedantic, clippy::allow_attributes)]
            impl #api::__private::TaskItem for #ident {
                const DEF: #api::TaskDef = #api::TaskDef {
                    name: #name,
                    doc: #doc,
                    lane: #api::Lane::#lane,
                    pure: #pure,
                    idempotent: #idempotent,
                    associative: #associative,
                    cpus: #cpus,
                    memory: #memory,
                    cost: #cost,
                    ports: &[#(#ports),*],
                    output: #output_schema,
                };

                fn call(
                    __ctx: &#api::TaskContext<'_>,
                    __args: &mut [#api::Value],
                ) -> ::core::result::Result<#api::Value, #api::TaskError> {
                    #[allow(unused_imports)]
                    use #api::__private::{BoxedKind, BoxedLocalKind, ConvertedKind, SaidKind};
                    match __args {
                        [#(#slots),*] => {
                            #(#reads)*
                            #answer
                        }
                        __other => ::core::result::Result::Err(
                            #api::__private::mismatch(#count, __other.len()),
                        ),
                    }
                }
            }
        };
    }
}

/// A port in the manifest, the statement that reads its argument, and the argument itself; and
/// what fails the build where the default is of another type.
struct Parts {
    check: Option<TokenStream>,
    def: TokenStream,
    read: TokenStream,
    arg: TokenStream,
}

fn write_port(port: &Port, slot: &syn::Ident) -> Parts {
    let api = quote!(::terrace_plugin_api);
    let Port { name, doc, unread, secret, literal, .. } = port;
    let default = option(&port.default.as_ref().map(|default| &default.json));
    let (Pass::Take(ty) | Pass::Borrow(ty) | Pass::BorrowOptional(ty)) = &port.pass;
    let place = place(ty);
    let mut slot = slot.clone();
    slot.set_span(place);
    let (mode, schema, read, arg) = match &port.pass {
        Pass::Take(_) => (
            quote!(Take),
            quote_spanned!(place=> <#ty as ::terrace_plugin_api::PortType>::SCHEMA),
            quote_spanned!(place=> take::<#ty>),
            quote_spanned!(place=> #slot),
        ),
        Pass::Borrow(_) => (
            quote!(Borrow),
            quote_spanned!(place=> <#ty as ::terrace_plugin_api::PortRef<'static>>::SCHEMA),
            quote_spanned!(place=> borrow::<#ty>),
            quote_spanned!(place=> &*#slot),
        ),
        Pass::BorrowOptional(_) => {
            let inner =
                quote_spanned!(place=> <#ty as ::terrace_plugin_api::PortRef<'static>>::SCHEMA);
            (
                quote!(Borrow),
                quote_spanned!(place=> ::terrace_plugin_api::Schema::Optional(&#inner)),
                quote_spanned!(place=> borrow_optional::<#ty>),
                quote_spanned!(place=> #slot.as_deref()),
            )
        }
    };
    let read = quote_spanned! {place=>
        let #slot = ::terrace_plugin_api::__private::#read(#slot, #name)?;
    };
    let check = port.default.as_ref().map(|Default { json, span }| {
        let place = Span::call_site().located_at(*span);
        quote_spanned! {place=>
            const _: () =
                ::terrace_plugin_api::__private::check_default(#name, #json, &#schema);
        }
    });
    Parts {
        def: quote! {
            #api::PortDef {
                name: #name,
                doc: #doc,
                schema: #schema,
                mode: #api::PortMode::#mode,
                default: #default,
                unread: #unread,
                secret: #secret,
                literal: #literal,
            }
        },
        read,
        check,
        arg,
    }
}
