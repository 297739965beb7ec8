//! Bounds on a compiled template, checked before it is rendered: rendering follows blocks and inline
//! partials on the stack, and partials that include others can multiply.

use std::collections::HashMap;

use super::nesting::MAX_DEPTH;
use handlebars::Template;
use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};

/// How many inclusions the inline partials of one template may add up to.
const MAX_INCLUSIONS: usize = 1000;

/// Where in a template one stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    depth: usize,
    /// The inline partial whose body this is.
    partial: Option<&'a str>,
    /// Whether this may be repeated by a partial that it is handed to, or that it is.
    handed: bool,
}

/// What inline partials include, by name.
type Partials<'a> = HashMap<&'a str, Vec<&'a str>>;

/// Refuses what nests too deep, includes itself or multiplies.
pub(super) fn check(template: &Template) -> Result<(), String> {
    let mut partials = Partials::new();
    let mut included = Vec::new();
    walk(template, Place::default(), &mut partials, &mut included)?;
    let mut weights = HashMap::new();
    let mut total = 0_usize;
    for name in included {
        total = total.saturating_add(weigh(name, &partials, &mut weights)?);
        if total > MAX_INCLUSIONS {
            return Err(too_many());
        }
    }
    Ok(())
}

fn too_many() -> String {
    format!("partials are included more than {MAX_INCLUSIONS} times")
}

/// Notes who includes whom.
fn walk<'a>(
    template: &'a Template,
    place: Place<'a>,
    partials: &mut Partials<'a>,
    included: &mut Vec<&'a str>,
) -> Result<(), String> {
    if place.depth > MAX_DEPTH {
        return Err(format!("blocks nest deeper than {MAX_DEPTH} levels"));
    }
    for element in &template.elements {
        let mut inner = Place {
            depth: place.depth + 1,
            ..place
        };
        let bodies = match element {
            TemplateElement::HelperBlock(block) => helper_bodies(block),
            TemplateElement::DecoratorBlock(block) => {
                let name = inline_name(block)?;
                partials.entry(name).or_default();
                inner.partial = Some(name);
                inner.handed = true;
                [block.template.as_ref(), None]
            }
            TemplateElement::PartialExpression(partial)
            | TemplateElement::PartialBlock(partial) => {
                let name = partial_name(partial)?;
                match place.partial {
                    Some(outer) => partials.entry(outer).or_default().push(name),
                    None => included.push(name),
                }
                if place.handed && partial.template.is_some() {
                    return Err("a partial with a block is inside another partial".to_owned());
                }
                inner.handed = true;
                [partial.template.as_ref(), None]
            }
            _ => continue,
        };
        for body in bodies.into_iter().flatten() {
            walk(body, inner, partials, included)?;
        }
    }
    Ok(())
}

fn helper_bodies(block: &HelperTemplate) -> [Option<&Template>; 2] {
    [block.template.as_ref(), block.inverse.as_ref()]
}

/// The name in `{{#*inline "NAME"}}`; what is computed could be any name.
fn inline_name(block: &DecoratorTemplate) -> Result<&str, String> {
    match block.params.first() {
        Some(Parameter::Literal(name)) => name.as_str(),
        _ => None,
    }
    .ok_or_else(|| "an inline partial needs a name in quotes".to_owned())
}

fn partial_name(partial: &DecoratorTemplate) -> Result<&str, String> {
    partial
        .name
        .as_name()
        .ok_or_else(|| "the name of an included partial must not be computed".to_owned())
}

/// How many inclusions one inclusion of this partial leads to. A partial that is being weighed has
/// no weight yet: whoever meets it is part of a circle.
fn weigh<'a>(
    name: &'a str,
    partials: &Partials<'a>,
    weights: &mut HashMap<&'a str, Option<usize>>,
) -> Result<usize, String> {
    match weights.get(name) {
        Some(Some(weight)) => return Ok(*weight),
        Some(None) => return Err(format!("partial '{name}' includes itself")),
        None => {}
    }
    if weights.len() > MAX_DEPTH {
        return Err(format!("more than {MAX_DEPTH} partials"));
    }
    weights.insert(name, None);
    let mut weight = 1_usize;
    for inner in partials.get(name).into_iter().flatten() {
        weight = weight.saturating_add(weigh(inner, partials, weights)?);
        if weight > MAX_INCLUSIONS {
            return Err(too_many());
        }
    }
    weights.insert(name, Some(weight));
    Ok(weight)
}
