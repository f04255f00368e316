//! Who cannot be sent to any pool, as a problem that names the field.

use crate::domain::Astray;
use crate::http::{Problem, ProblemCode};

/// The problem of whoever contradicts themselves, or the pool that they name.
pub(crate) fn astray(astray: Astray) -> Problem {
    match astray {
        // What a signup of the same words is told.
        Astray::NoneServes { .. } => Problem::new(ProblemCode::CountryUnavailable, format!("{astray}.")),
        Astray::UnknownPool(..)
        | Astray::CountryOfAnother { .. }
        | Astray::AreaCodeOfAnother { .. }
        | Astray::NoAreaCodes(_)
        | Astray::NoPlace { .. }
        | Astray::NotTollFree(_) => Problem::invalid_field(astray.field(), astray),
    }
}
