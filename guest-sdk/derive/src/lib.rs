//! `#[derive(Describe)]`: the description of a web-service parameter or result from a Rust struct.
//!
//! A struct with named fields becomes a `single` whose keys are the fields, in order, documented by their doc comments.
//! The field attribute `#[describe(…)]` takes
//!
//! * `kind = "ALPHANUM"`: the type of a value, where the field's own type says too little (`String` is `RAW`),
//! * `alias = "id"`: a further name of the key (repeatable),
//! * `default = EXPR`: optional with this default,
//! * `pairs`: a list of `{name, value}` that is also accepted as `[NAME]=VALUE`,
//! * `secret`: a value that is written into no log,
//! * `rename = "name"`: the key, where it differs from the field's name. `#[serde(rename = "name")]` is heeded too, and
//!   usually the one to write: it renames the key for `serde` as well.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, LitStr, Meta, Token, parse_macro_input};

/// See the crate's documentation.
#[proc_macro_derive(Describe, attributes(describe))]
pub fn describe(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

#[derive(Default)]
struct Options {
    kind: Option<LitStr>,
    rename: Option<LitStr>,
    aliases: Vec<LitStr>,
    default: Option<Expr>,
    pairs: bool,
    secret: bool,
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new(input.span(), "Describe needs a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new(input.span(), "Describe needs named fields"));
    };
    let mut keys = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let options = options(&field.attrs)?;
        let name = match &options.rename {
            Some(name) => name.value(),
            None => ident.to_string().trim_start_matches("r#").to_owned(),
        };
        let doc = doc(&field.attrs);
        let ty = &field.ty;
        let mut steps = TokenStream::new();
        if let Some(kind) = &options.kind {
            steps.extend(quote! { .kind(#kind) });
        }
        for alias in &options.aliases {
            steps.extend(quote! { .alias(#alias) });
        }
        if options.pairs {
            steps.extend(quote! { .pairs() });
        }
        if options.secret {
            steps.extend(quote! { .secret() });
        }
        if let Some(default) = &options.default {
            steps.extend(quote! { .default_value(::provost_guest::serde_json::json!(#default)) });
        }
        keys.push(quote! {
            .key(#name, <#ty as ::provost_guest::describe::Describe>::describe().doc(#doc) #steps)
        });
    }
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let doc = doc(&input.attrs);
    Ok(quote! {
        impl #impl_generics ::provost_guest::describe::Describe for #name #type_generics #where_clause {
            fn describe() -> ::provost_guest::describe::Description {
                ::provost_guest::describe::Description::single().doc(#doc) #(#keys)*
            }
        }
    })
}

fn options(attributes: &[Attribute]) -> syn::Result<Options> {
    let mut options = Options::default();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        options.rename = serde_rename(attribute)?.or(options.rename);
    }
    for attribute in attributes.iter().filter(|a| a.path().is_ident("describe")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("kind") {
                options.kind = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("rename") {
                options.rename = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("alias") {
                options.aliases.push(meta.value()?.parse()?);
            } else if meta.path.is_ident("default") {
                options.default = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("pairs") {
                options.pairs = true;
            } else if meta.path.is_ident("secret") {
                options.secret = true;
            } else {
                return Err(meta.error("expected kind, rename, alias, default, pairs or secret"));
            }
            Ok(())
        })?;
    }
    Ok(options)
}

/// The name in `#[serde(rename = "name")]`; what else serde is told is its own affair.
fn serde_rename(attribute: &Attribute) -> syn::Result<Option<LitStr>> {
    let Meta::List(list) = &attribute.meta else { return Ok(None) };
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
    Ok(metas.iter().find_map(|meta| match meta {
        Meta::NameValue(pair) if pair.path.is_ident("rename") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }))
}

/// The doc comment as one paragraph.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
