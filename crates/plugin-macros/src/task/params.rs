//! The parameters of a task's function: which are ports, how each is handed over, its default.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{
    Attribute, Expr, ExprLit, ExprUnary, FnArg, GenericArgument, Lit, Meta, Pat, PathArguments,
    Type, UnOp,
};

use super::options::{check_name, text as meta_text};
use crate::docs::{self, Errors};

/// One parameter.
pub(crate) enum Param {
    /// The context, not a port.
    Context,
    /// A port.
    Port(Box<Port>),
}

/// One port.
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) pass: Pass,
    pub(crate) default: Option<Default>,
    pub(crate) unread: bool,
    pub(crate) secret: bool,
    pub(crate) literal: bool,
}

/// A port's default.
pub(crate) struct Default {
    /// As JSON text.
    pub(crate) json: String,
    /// Where it is written.
    pub(crate) span: Span,
}

/// How an argument is handed over; the type is the port's.
pub(crate) enum Pass {
    /// `T`.
    Take(Type),
    /// `&T`.
    Borrow(Type),
    /// `Option<&T>`.
    BorrowOptional(Type),
}

/// Reads a parameter and strips the attributes that are ours. `None` where it cannot be a port;
/// the reason is then in `errors`.
pub(crate) fn read(arg: &mut FnArg, errors: &mut Errors) -> Option<Param> {
    let param = match arg {
        FnArg::Receiver(receiver) => {
            errors.at(receiver, "a task is a free function: it cannot have `self`");
            return None;
        }
        FnArg::Typed(param) => param,
    };
    if let Type::Reference(reference) = &*param.ty {
        if last_segment(&reference.elem).is_some_and(|name| name == "TaskContext") {
            if reference.mutability.is_some() {
                errors.at(&param.ty, "a task gets its context as `&TaskContext`");
            }
            for attr in &param.attrs {
                errors.at(attr, "the context is not a port: it has neither docs nor options");
            }
            param.attrs.clear();
            return Some(Param::Context);
        }
    }
    if last_segment(&param.ty).is_some_and(|name| name == "TaskContext") {
        errors.at(&param.ty, "a task gets its context as `&TaskContext`");
        return None;
    }
    let doc = docs::text(&param.attrs);
    let attrs = Attrs::take(&mut param.attrs, errors);
    let ident = match &*param.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        Pat::Wild(pat) => {
            errors.at(pat, "a port needs a name: write `_name` for one that is not read");
            None
        }
        other => {
            errors.at(
                other,
                "a parameter of a task is a plain name, which becomes the port's; take it apart inside the function",
            );
            None
        }
    };
    let pass = pass(&param.ty, errors);
    let (ident, pass) = (ident?, pass?);
    let written = ident.to_string();
    let written = written.strip_prefix("r#").unwrap_or(&written);
    let (unread, written) = match written.strip_prefix('_') {
        Some(name) if !name.is_empty() => (true, name),
        _ => (false, written),
    };
    let name = attrs.name.unwrap_or_else(|| written.to_owned());
    if let Err(message) = check_name(&name) {
        errors.at(ident, message);
        return None;
    }
    let Attrs { default, secret, literal, .. } = attrs;
    Some(Param::Port(Box::new(Port { name, doc, pass, default, unread, secret, literal })))
}

fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Paren(inner) => last_segment(&inner.elem),
        Type::Group(inner) => last_segment(&inner.elem),
        _ => None,
    }
}

fn pass(ty: &Type, errors: &mut Errors) -> Option<Pass> {
    match ty {
        Type::Paren(inner) => pass(&inner.elem, errors),
        Type::Group(inner) => pass(&inner.elem, errors),
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                errors.at(
                    ty,
                    "a task cannot change what others may read: take the value itself and return the new one",
                );
                return None;
            }
            no_lifetime(reference.lifetime.as_ref(), errors);
            if let Type::Reference(_) = &*reference.elem {
                errors.at(ty, "a port is borrowed by one `&`");
                return None;
            }
            named(&reference.elem, errors)?;
            Some(Pass::Borrow((*reference.elem).clone()))
        }
        Type::Path(_) => {
            if let Some(Type::Reference(reference)) = option_of(ty) {
                if reference.mutability.is_none() {
                    no_lifetime(reference.lifetime.as_ref(), errors);
                    named(&reference.elem, errors)?;
                    return Some(Pass::BorrowOptional((*reference.elem).clone()));
                }
            }
            Some(Pass::Take(ty.clone()))
        }
        _ => {
            named(ty, errors)?;
            Some(Pass::Take(ty.clone()))
        }
    }
}

fn no_lifetime(lifetime: Option<&syn::Lifetime>, errors: &mut Errors) {
    if let Some(lifetime) = lifetime {
        errors.at(lifetime, "a borrowed port lives for the call: write `&` without a lifetime");
    }
}

/// Refuses types that have no name to give a port.
fn named(ty: &Type, errors: &mut Errors) -> Option<()> {
    let message = match ty {
        Type::ImplTrait(_) => {
            "the manifest must say the type of a port: write a type instead of `impl …`"
        }
        Type::TraitObject(_) => {
            "the manifest must say the type of a port: write a type instead of `dyn …`"
        }
        Type::BareFn(_) => "a function cannot be a port",
        Type::Ptr(_) => "a pointer cannot be a port",
        Type::Infer(_) => "a port needs a type",
        _ => return Some(()),
    };
    errors.at(ty, message);
    None
}

/// What stands in `Option<…>`.
fn option_of(ty: &Type) -> Option<&Type> {
    let segment = match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last()?,
        _ => return None,
    };
    match &segment.arguments {
        PathArguments::AngleBracketed(args) if segment.ident == "Option" => {
            match args.args.first()? {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The attributes of a parameter that are ours.
struct Attrs {
    name: Option<String>,
    default: Option<Default>,
    secret: bool,
    literal: bool,
}

impl Attrs {
    /// Reads them and leaves the rest.
    fn take(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut found = Self { name: None, default: None, secret: false, literal: false };
        attrs.retain(|attr| {
            let path = attr.path();
            if path.is_ident("doc") {
                return false;
            }
            let known =
                ["default", "literal", "name", "secret"].iter().any(|known| path.is_ident(known));
            if known {
                if let Err(error) = found.read(attr) {
                    errors.push(error);
                }
            }
            !known
        });
        found
    }

    fn read(&mut self, attr: &Attribute) -> syn::Result<()> {
        if attr.path().is_ident("secret") {
            attr.meta.require_path_only()?;
            self.secret = true;
        } else if attr.path().is_ident("literal") {
            attr.meta.require_path_only()?;
            self.literal = true;
        } else if attr.path().is_ident("name") {
            let name = meta_text(&attr.meta)?;
            check_name(&name).map_err(|message| syn::Error::new_spanned(attr, message))?;
            self.name = Some(name);
        } else {
            match &attr.meta {
                Meta::NameValue(pair) => {
                    self.default =
                        Some(Default { json: json(&pair.value)?, span: pair.value.span() });
                }
                meta => {
                    let message = "write the default as `#[default = 0.5]`";
                    return Err(syn::Error::new_spanned(meta, message));
                }
            }
        }
        Ok(())
    }
}

/// A literal as JSON text, without blanks.
fn json(expr: &Expr) -> syn::Result<String> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Str(text) => Ok(json_string(&text.value())),
            Lit::Char(c) => Ok(json_string(&c.value().to_string())),
            Lit::Bool(value) => Ok(value.value.to_string()),
            Lit::Int(number) => Ok(number.base10_parse::<u64>()?.to_string()),
            Lit::Float(number) => {
                let value: f64 = number.base10_parse()?;
                if !value.is_finite() {
                    return Err(syn::Error::new_spanned(number, "this number is too large"));
                }
                Ok(format!("{:?}", value))
            }
            other => Err(not_a_default(other)),
        },
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr: inner, .. }) => match &**inner {
            Expr::Lit(ExprLit { lit: Lit::Int(_) | Lit::Float(_), .. }) => {
                Ok(format!("-{}", json(inner)?))
            }
            _ => Err(not_a_default(expr)),
        },
        Expr::Array(array) => {
            let items: Vec<String> = array.elems.iter().map(json).collect::<syn::Result<_>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        Expr::Tuple(tuple) => {
            let items: Vec<String> = tuple.elems.iter().map(json).collect::<syn::Result<_>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        Expr::Paren(inner) => json(&inner.expr),
        Expr::Group(inner) => json(&inner.expr),
        other => Err(not_a_default(other)),
    }
}

fn not_a_default(tokens: impl quote::ToTokens) -> syn::Error {
    syn::Error::new_spanned(
        tokens,
        "a default stands in the manifest, so it must be a literal: a number, a text, `true`, `false`, or a list of those in `[…]`",
    )
}

fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                json.push('\\');
                json.push(c);
            }
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_become_json() {
        for (rust, expected) in [
            ("1", "1"),
            ("-0.22368", "-0.22368"),
            ("1e-9", "1e-9"),
            ("2.0_f64", "2.0"),
            ("1_000u64", "1000"),
            ("\"a\\\"b\\n\"", "\"a\\\"b\\u000a\""),
            ("[1, 2.5, -3]", "[1,2.5,-3]"),
            ("(1, \"x\")", "[1,\"x\"]"),
            ("true", "true"),
        ] {
            assert_eq!(json(&syn::parse_str(rust).unwrap()).unwrap(), expected, "{rust}");
        }
        for wrong in ["x", "f()", "-true", "b\"bytes\"", "1 + 1", "None"] {
            assert!(json(&syn::parse_str(wrong).unwrap()).is_err(), "{wrong}");
        }
    }
}
