//! `export_pack!`: reads and checks the description of a pack; the exported items themselves come
//! from `terrace_plugin_api::__export_pack!`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{bracketed, Expr, Ident, LitStr, Path, Token};

use crate::docs::Errors;

/// `terrace_plugin_api::SYMBOL_PREFIX`: that crate checks it when a pack is built.
const SYMBOL_PREFIX: &str = "terrace_pack_v0_1_";

const SHAPE: &str =
    "write `export_pack! { name: math, description: \"…\", tasks: [add, stats::mean] }`";

struct Pack {
    name: String,
    description: Expr,
    tasks: Vec<Path>,
    interfaces: Vec<Path>,
}

impl Parse for Pack {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let (mut name, mut description, mut tasks, mut interfaces) = (None, None, None, None);
        while !input.is_empty() {
            let key: Ident = input
                .parse()
                .map_err(|error| syn::Error::new(error.span(), format!("{}; {}", error, SHAPE)))?;
            input.parse::<Token![:]>()?;
            let twice = match key.to_string().as_str() {
                "name" => name.replace(read_name(input, &mut errors)?).is_some(),
                "description" => description.replace(input.parse::<Expr>()?).is_some(),
                "tasks" => tasks.replace(read_tasks(input, &mut errors)?).is_some(),
                "interfaces" => interfaces.replace(read_interfaces(input)?).is_some(),
                _ => {
                    let message = format!("a pack has no `{}`; {}", key, SHAPE);
                    return Err(syn::Error::new(key.span(), message));
                }
            };
            if twice {
                errors.at(&key, format!("`{}` is given twice", key));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if name.is_none() {
            errors.push(input.error(format!("the pack has no `name`; {}", SHAPE)));
        }
        if tasks.is_none() {
            errors.push(input.error(format!("the pack has no `tasks`; {}", SHAPE)));
        }
        errors.finish()?;
        Ok(Self {
            name: name.unwrap_or_default(),
            description: description.unwrap_or_else(|| syn::parse_quote!("")),
            tasks: tasks.unwrap_or_default(),
            interfaces: interfaces.unwrap_or_default(),
        })
    }
}

/// `math`, `my-pack` or `"my-pack"`.
fn read_name(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<String> {
    let span = input.span();
    let name = if input.peek(LitStr) {
        input.parse::<LitStr>()?.value()
    } else {
        let mut name = input.parse::<Ident>()?.to_string();
        while input.peek(Token![-]) {
            input.parse::<Token![-]>()?;
            name = format!("{}-{}", name, input.parse::<Ident>()?);
        }
        name
    };
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !first || !name.chars().all(rest) || name.len() > 128 {
        let message = format!(
            "`{}` cannot be the name of a pack: it takes lower-case ASCII letters, digits, `_` and `-`, the first a letter",
            name
        );
        errors.push(syn::Error::new(span, message));
    }
    Ok(name)
}

fn read_tasks(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<Path>> {
    let what =
        "the tasks are a list of paths to functions with `#[task]`, as in `[add, stats::mean]`";
    let (tasks, place) = read_paths(input, what)?;
    if tasks.is_empty() {
        let message = "a pack exports at least one task: list the functions that have `#[task]`";
        errors.push(syn::Error::new(place, message));
    }
    Ok(tasks)
}

fn read_interfaces(input: ParseStream<'_>) -> syn::Result<Vec<Path>> {
    let what = "the interfaces are a list of paths to statics of type `Offer`, as in `[GATES]`";
    Ok(read_paths(input, what)?.0)
}

/// A list of paths in brackets, and its place.
fn read_paths(input: ParseStream<'_>, what: &str) -> syn::Result<(Vec<Path>, Span)> {
    let content;
    let bracket = bracketed!(content in input);
    let paths =
        Punctuated::<Path, Token![,]>::parse_terminated_with(&content, Path::parse_mod_style)
            .map_err(|error| syn::Error::new(error.span(), format!("{}; {}", error, what)))?;
    Ok((paths.into_iter().collect(), bracket.span.join()))
}

pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let Pack { name, description, tasks, interfaces } = syn::parse2(input)?;
    let suffix = name.replace('-', "_");
    let symbol = format!("{}{}", SYMBOL_PREFIX, suffix);
    let manifest_symbol = format!("TERRACE_MANIFEST_V1_{}", suffix);
    let count = interfaces.len();
    Ok(quote! {
        ::terrace_plugin_api::__export_pack! {
            name: #name,
            version: ::core::env!("CARGO_PKG_VERSION"),
            description: #description,
            symbol: #symbol,
            manifest_symbol: #manifest_symbol,
            tasks: [#(#tasks),*],
            interfaces: #count [#(#interfaces),*]
        }
    })
}
