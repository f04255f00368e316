//! Who cannot be sent to any pool, as a problem that names the field.

use crate::domain::Astray;
use crate::http::Problem;

/// The problem of whoever contradicts themselves, or the pool that they name.
pub(crate) fn astray(astray: Astray) -> Problem {
    Problem::invalid_field(astray.field(), astray)
}
