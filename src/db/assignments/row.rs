//! An assignment as a row, and as the rest of the house knows it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz};

use crate::db::engine::error::DbError;
use crate::domain::{AreaCode, CountryCode, PhoneNumber, UserId};

/// Where an assigned number came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It was in stock.
    Pool,
    /// The user waited for it.
    Emergency,
    /// It was the user's before callbunker came.
    Import,
    /// An operator gave it.
    Adopt,
}

impl Source {
    /// The stored spelling.
    pub(in crate::db) fn as_str(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Emergency => "emergency",
            Self::Import => "import",
            Self::Adopt => "adopt",
        }
    }

    fn read(text: &str) -> Result<Self, DbError> {
        match text {
            "pool" => Ok(Self::Pool),
            "emergency" => Ok(Self::Emergency),
            "import" => Ok(Self::Import),
            "adopt" => Ok(Self::Adopt),
            other => Err(DbError::corrupt("assignment")(format!("its source is {other:?}"))),
        }
    }
}

/// A live assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub phone_number: PhoneNumber,
    /// Its area code, where the country has them.
    pub area_code: Option<AreaCode>,
    /// Since when.
    pub assigned_at: DateTime<Utc>,
    /// Where the number came from.
    pub source: Source,
    /// Whether Twilio no longer lists the number.
    pub missing: bool,
}

#[derive(QueryableByName, Queryable)]
pub(super) struct AssignmentRow {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    phone_number: String,
    #[diesel(sql_type = Nullable<Text>)]
    area_code: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    assigned_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = Bool)]
    missing: bool,
}

pub(super) type AssignmentColumns = (Text, Text, Nullable<Text>, Timestamptz, Text, Bool);

impl TryFrom<AssignmentRow> for Assignment {
    type Error = DbError;

    fn try_from(row: AssignmentRow) -> Result<Self, DbError> {
        let corrupt = DbError::corrupt("assignment");
        Ok(Self {
            user_id: row.user_id.parse().map_err(|_| corrupt("its user_id is not one".to_owned()))?,
            phone_number: row.phone_number.parse().map_err(|_| corrupt("its number is not E.164".to_owned()))?,
            area_code: row
                .area_code
                .map(|code| code.parse())
                .transpose()
                .map_err(|_| corrupt("its area code is not one".to_owned()))?,
            assigned_at: row.assigned_at,
            source: Source::read(&row.source)?,
            missing: row.missing,
        })
    }
}

pub(super) fn tighten(rows: Vec<AssignmentRow>) -> Result<Vec<Assignment>, DbError> {
    rows.into_iter().map(Assignment::try_from).collect()
}

/// Which stock will do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Region {
    /// In this country only.
    pub country: Option<CountryCode>,
    /// In this area code only.
    pub area_code: Option<AreaCode>,
}
