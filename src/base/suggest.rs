//! "Did you mean …": the known names that a misspelt one most resembles.
//!
//! In: the name that was not found and all names that would have been right. Out: at most three
//! of them, best first. The only user of strsim. Not here: where the names come from, and the
//! `Fix` edit, which the caller builds because it knows the span.

/// How many names are offered at most.
const MOST: usize = 3;

/// The candidates that `name` was probably meant to be, best first; empty when none is near.
///
/// A candidate that differs only in case beats all others. Otherwise the nearest by edit distance
/// (a swap of neighbours costs 1) are offered, if no further away than a third of the name.
pub fn similar<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut candidates: Vec<&str> = candidates.into_iter().filter(|c| *c != name).collect();
    candidates.sort_unstable();
    candidates.dedup();
    let folded = name.to_lowercase();
    let same: Vec<&str> = candidates.iter().copied().filter(|c| c.to_lowercase() == folded).collect();
    if !same.is_empty() {
        return same.into_iter().take(MOST).collect();
    }
    let limit = (name.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::damerau_levenshtein(name, candidate);
    let mut near: Vec<(usize, &str)> = candidates.into_iter().map(|c| (distance(c), c)).collect();
    let Some(best) = near.iter().map(|(d, _)| *d).min().filter(|d| *d <= limit) else {
        return Vec::new();
    };
    near.retain(|(d, _)| *d == best);
    // The list is in name order and the sort is stable, so equal likeness leaves names ascending.
    near.sort_by(|(_, a), (_, b)| strsim::jaro_winkler(name, b).total_cmp(&strsim::jaro_winkler(name, a)));
    near.into_iter().map(|(_, c)| c).take(MOST).collect()
}

/// The best of [`similar`], for a message or a fix that names one.
pub fn best<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    similar(name, candidates).into_iter().next()
}

/// The sentence `Did you mean 'a'?` or `Did you mean 'a', 'b' or 'c'?`, if any name is near.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let quoted: Vec<String> = similar(name, candidates).iter().map(|c| format!("'{c}'")).collect();
    let (last, first) = quoted.split_last()?;
    Some(match first {
        [] => format!("Did you mean {last}?"),
        _ => format!("Did you mean {} or {last}?", first.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_beats_distance() {
        assert_eq!(similar("Math", ["maths", "MATH", "mat"]), ["MATH"]);
    }

    #[test]
    fn a_swap_costs_one() {
        assert_eq!(best("maht", ["math", "mouse"]), Some("math"));
    }

    #[test]
    fn too_far_is_not_offered() {
        assert_eq!(similar("sn", ["cosine", "tan"]), Vec::<&str>::new());
    }

    #[test]
    fn ties_are_ordered_by_likeness_then_name() {
        // All at distance 1; a common beginning counts more.
        assert_eq!(similar("spd", ["spa", "apd", "spb", "spc"]), ["spa", "spb", "spc"]);
    }

    #[test]
    fn sentence_joins_with_or() {
        assert_eq!(did_you_mean("sn", ["sin"]), Some("Did you mean 'sin'?".into()));
        assert_eq!(did_you_mean("spd", ["spa", "spb"]), Some("Did you mean 'spa' or 'spb'?".into()));
        assert_eq!(did_you_mean("x", []), None);
    }
}
