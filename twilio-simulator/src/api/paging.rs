//! Pages of short lists, for the 2010 API and for the newer hosts.
//!
//! Invariants: a token names a row and a page is what lies beyond it, so rows that come meanwhile shift nothing; links of
//! the 2010 API are relative, those of the newer hosts absolute and, until a test says otherwise, under Twilio's own names.
//!
//! How to get it wrong: a client that follows an absolute link to its host takes its credentials elsewhere.

use serde_json::{Value, json};

use crate::api::parameters::Parameters;
use crate::api::refusal::Refusal;
use crate::options::LinkHost;

const PAGE_SIZE: usize = 50;
const PAGE_SIZE_MAX: usize = 1_000;

/// Where the newer hosts' links lead.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    pub(crate) host: LinkHost,
    /// The simulator's own address.
    pub(crate) url: String,
}

impl Links {
    /// The absolute form of a path of this product.
    pub(crate) fn base(&self, product: &str, path: &str) -> String {
        match self.host {
            LinkHost::Twilio => format!("https://{product}.twilio.com{path}"),
            LinkHost::Simulator => format!("{}{path}", self.url),
        }
    }
}

/// Which page was asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    query: &'a Parameters,
    size: usize,
    page: usize,
    token: Option<&'a str>,
}

/// A page of rows.
#[derive(Debug)]
pub(crate) struct Page<'a, T> {
    pub(crate) rows: Vec<&'a T>,
    /// The token of the page before, if there is one, and of the one behind.
    previous: Option<String>,
    next: Option<String>,
}

impl<'a> Asked<'a> {
    pub(crate) fn read(query: &'a Parameters) -> Result<Self, Refusal> {
        let number = |name: &str, default| match query.get(name).filter(|text| !text.is_empty()) {
            None => Ok(default),
            Some(text) => text.parse::<usize>().map_err(|_| Refusal::invalid(name)),
        };
        let size = number("PageSize", PAGE_SIZE)?;
        if size > PAGE_SIZE_MAX {
            return Err(Refusal::new(400, 20007, "Page size must be between 1 and 1000"));
        }
        let size = if size == 0 { PAGE_SIZE } else { size };
        let token = query.get("PageToken").filter(|token| !token.is_empty());
        Ok(Self { query, size, page: number("Page", 0)?, token })
    }

    /// The page of these rows, which come as the list shows them. A token is `prefix`, `A` (after) or `B` (before), and
    /// the row's SID.
    pub(crate) fn page<'t, T>(
        &self,
        rows: &[&'t T],
        prefix: &str,
        sid: fn(&T) -> &str,
    ) -> Result<Page<'t, T>, Refusal> {
        let locate =
            |wanted: &str| rows.iter().position(|row| sid(row) == wanted).map(|position| (position, position + 1));
        self.page_located(rows, prefix, sid, locate)
    }

    /// The same of rows that may have gone since a token named them: `locate` says where a row is or was, as the position
    /// of the first row that does not come before it, and of the first that comes behind it.
    pub(crate) fn page_located<'t, T>(
        &self,
        rows: &[&'t T],
        prefix: &str,
        sid: fn(&T) -> &str,
        locate: impl Fn(&str) -> Option<(usize, usize)>,
    ) -> Result<Page<'t, T>, Refusal> {
        let bad_token = || Refusal::new(400, 21481, "Invalid PageToken");
        let position = |wanted: &str| locate(wanted).ok_or_else(bad_token);
        let start = match self.token.map(|token| token.strip_prefix(prefix).ok_or_else(bad_token)).transpose()? {
            None => 0,
            Some(token) => match (token.strip_prefix('A'), token.strip_prefix('B')) {
                (Some(after), _) => position(after)?.1,
                (_, Some(before)) => position(before)?.0.saturating_sub(self.size),
                _ => return Err(bad_token()),
            },
        };
        let end = rows.len().min(start + self.size);
        let token = |way: char, row: Option<&&T>| row.map(|row| format!("{prefix}{way}{}", sid(row)));
        let shown = &rows[start..end];
        Ok(Page {
            previous: token('B', shown.first().filter(|_| start > 0)),
            next: token('A', shown.last().filter(|_| end < rows.len())),
            rows: shown.to_vec(),
        })
    }

    /// The query of a page, with the filters of this one.
    fn query(&self, page: usize, token: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let paging = ["PageSize", "Page", "PageToken"];
        query.extend_pairs(self.query.iter().filter(|(name, _)| !paging.contains(name)));
        query.append_pair("PageSize", &self.size.to_string()).append_pair("Page", &page.to_string());
        if let Some(token) = token {
            query.append_pair("PageToken", token);
        }
        query.finish()
    }

    /// The links of a page below `path`: first, previous, this and next.
    fn links<T>(&self, path: &str, page: &Page<T>) -> [Option<String>; 4] {
        let link = |number: usize, token: Option<&str>| format!("{path}?{}", self.query(number, token));
        [
            Some(link(0, None)),
            page.previous.as_deref().map(|token| link(self.page.saturating_sub(1), Some(token))),
            Some(link(self.page, self.token)),
            page.next.as_deref().map(|token| link(self.page + 1, Some(token))),
        ]
    }

    /// The envelope of the 2010 API around these rows.
    pub(crate) fn envelope<T>(&self, path: &str, key: &str, page: &Page<T>, rows: Vec<Value>) -> Value {
        let [first, previous, this, next] = self.links(path, page);
        let start = self.page * self.size;
        json!({
            "end": if rows.is_empty() { 0 } else { start + rows.len() - 1 },
            "first_page_uri": first,
            key: rows,
            "next_page_uri": next,
            "page": self.page,
            "page_size": self.size,
            "previous_page_uri": previous,
            "start": start,
            "uri": this,
        })
    }

    /// The envelope of the newer hosts around these rows, where they are `results`.
    pub(crate) fn results<T>(&self, url: &str, page: &Page<T>, rows: Vec<Value>) -> Value {
        self.newer(url, "results", page, rows)
    }

    /// The envelope of the newer hosts around these rows.
    pub(crate) fn newer<T>(&self, url: &str, key: &str, page: &Page<T>, rows: Vec<Value>) -> Value {
        let [first, previous, this, next] = self.links(url, page);
        json!({
            "meta": {
                "first_page_url": first,
                "key": key,
                "next_page_url": next,
                "page": self.page,
                "page_size": self.size,
                "previous_page_url": previous,
                "url": this,
            },
            key: rows,
        })
    }
}
