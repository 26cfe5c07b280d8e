//! What paths tell: the crate and the module of a function, and the part of a file's path that its reader knows it by.

/// The crate and the module that a function's path begins with, e.g. `alloc` and `alloc::vec` of
/// `<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop`: those of the type that it is implemented for, or of the trait where
/// that type is the language's own. `None` for what has no path, as functions of C.
pub fn crate_and_module(function: &str) -> Option<(&str, &str)> {
    let path = path(function)?;
    let mut module = separators(path).next()?;
    let crate_name = &path[..module];
    for end in separators(path).skip(1) {
        let segment = &path[module + "::".len()..end];
        // What is implemented for a type is in the type's module, a closure in that of its function.
        let is_item = segment.starts_with(|c: char| c.is_ascii_uppercase() || c == '<');
        if is_item || path[end..].starts_with("::{") {
            break;
        }
        module = end;
    }
    Some((crate_name, &path[..module]))
}

/// The first path in a name that begins with a crate.
fn path(function: &str) -> Option<&str> {
    let Some(inner) = function.strip_prefix('<') else {
        let crate_name = &function[..separators(function).next()?];
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        return is_name(crate_name).then_some(function);
    };
    // `<Type>::f` or `<Type as Trait>::f`.
    let (of, by) = halves(inner);
    let of = of.trim_start_matches(['&', '*', '[', '(']);
    let of = ["mut ", "const ", "dyn "].iter().fold(of, |of, word| of.strip_prefix(word).unwrap_or(of));
    path(of).or_else(|| by.and_then(path))
}

/// What stands before ` as ` and after it, up to the bracket that closes what was opened before.
fn halves(inner: &str) -> (&str, Option<&str>) {
    let (mut depth, mut middle) = (1_usize, None);
    let mut before = ' ';
    for (at, c) in inner.char_indices() {
        match c {
            '<' => depth += 1,
            // Not that of `->`.
            '>' if before != '-' => depth -= 1,
            ' ' if depth == 1 && middle.is_none() && inner[at..].starts_with(" as ") => middle = Some(at),
            _ => {}
        }
        before = c;
        if depth == 0 {
            return match middle {
                Some(middle) => (&inner[..middle], Some(&inner[middle + " as ".len()..at])),
                None => (&inner[..at], None),
            };
        }
    }
    (inner, None)
}

/// Where `::` stands outside of all brackets.
fn separators(path: &str) -> impl Iterator<Item = usize> + '_ {
    let mut depth = 0_usize;
    path.char_indices().filter_map(move |(at, c)| {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0 && path[at..].starts_with("::")).then_some(at)
    })
}

/// A source file's path as its reader knows it: below the first of `roots` that it lies in; a package of a registry by its own
/// name; the standard library's without the compiler's commit.
pub fn short_file<'a>(file: &'a str, roots: &[&str]) -> &'a str {
    let below = |root: &&str| file.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/');
    if let Some(inside) = roots.iter().filter(|root| !root.is_empty()).find_map(below) {
        return inside;
    }
    let after = |marker: &str| file.split_once(marker).and_then(|(_, rest)| rest.split_once('/')).map(|(_, rest)| rest);
    after("/registry/src/").or_else(|| after("/rustc/").filter(|_| file.starts_with("/rustc/"))).unwrap_or(file)
}
