//! How deep a template nests, estimated from its text: the parser follows blocks and brackets on the
//! stack, so this is asked before.
//!
//! The estimate reads tags only, it knows no strings. Text that fools it about closing tags still
//! meets the bound on opening ones, which the stack of a process bears.

/// How deep blocks may nest; each `else` counts as one more.
pub(super) const MAX_DEPTH: usize = 64;
/// How many blocks a template may open in all.
const MAX_BLOCKS: usize = 1000;
/// How deep parentheses and brackets may nest in one tag.
const MAX_BRACKETS: usize = 32;

/// Refuses what the parser should not see.
pub(super) fn check(text: &str) -> Result<(), String> {
    // how much each open block adds to the depth
    let mut open: Vec<usize> = Vec::new();
    let (mut depth, mut blocks) = (0_usize, 0_usize);
    for tag in text.split("{{").skip(1) {
        match tag.trim_start_matches(['{', '~', ' ', '\t', '\r', '\n']) {
            inner if inner.starts_with(['#', '^']) => {
                open.push(1);
                (depth, blocks) = (depth + 1, blocks + 1);
            }
            inner if inner.starts_with("else") => {
                if let Some(added) = open.last_mut() {
                    (*added, depth, blocks) = (*added + 1, depth + 1, blocks + 1);
                }
            }
            inner if inner.starts_with('/') => depth -= open.pop().unwrap_or(0),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("blocks nest deeper than {MAX_DEPTH} levels"));
        }
        if blocks > MAX_BLOCKS {
            return Err(format!("more than {MAX_BLOCKS} blocks"));
        }
        if bracket_depth(tag) > MAX_BRACKETS {
            return Err(format!("brackets nest deeper than {MAX_BRACKETS} levels"));
        }
    }
    Ok(())
}

/// How deep brackets nest before the tag ends.
fn bracket_depth(tag: &str) -> usize {
    let (mut deepest, mut depth) = (0_usize, 0_usize);
    for byte in tag.split("}}").next().unwrap_or_default().bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
