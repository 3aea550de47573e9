//! A query of known names, each at most once.

use crate::problem::{FieldCode, Problem, ProblemCode};

/// A parameter that is not acceptable.
pub(in crate::handlers) fn malformed(name: &str, code: FieldCode) -> Problem {
    Problem::field(ProblemCode::MalformedRequest, name, code)
}

/// The values of `names` in a query, in that order. No value of ours needs percent-encoding, so an
/// encoded one is none of ours.
pub(in crate::handlers) fn values<'q, const N: usize>(
    query: &'q str,
    names: [&str; N],
) -> Result<[Option<&'q str>; N], Problem> {
    let mut found = [None; N];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let place = pair.split_once('=').and_then(|(name, value)| {
            let n = names.iter().position(|known| *known == name)?;
            Some((found.get_mut(n)?, name, value))
        });
        let Some((place, name, value)) = place else {
            return Err(malformed("query", FieldCode::UnknownField));
        };
        if place.replace(value).is_some() {
            return Err(malformed(name, FieldCode::DuplicateField));
        }
    }
    Ok(found)
}

/// A whole number in its one spelling.
pub(in crate::handlers) fn number<T>(name: &str, value: &str) -> Result<T, Problem>
where
    T: std::str::FromStr + ToString,
{
    let number: T = value.parse().map_err(|_| malformed(name, FieldCode::WrongType))?;
    if number.to_string() == value { Ok(number) } else { Err(malformed(name, FieldCode::WrongType)) }
}
