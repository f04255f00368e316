//! What a handler's file says of its endpoint.
//!
//! How to get it wrong: an example that was written by hand and never sent. The tests hold each against its schema, and
//! the schema against what a daemon answers.

use http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Ref, RefOr, Required, Schema};

use crate::http::{ProblemCode, RequestBody};

/// An answer that is no problem.
pub(crate) struct DescribedAnswer {
    pub(crate) status: StatusCode,
    pub(crate) text: &'static str,
    pub(crate) content: Option<(&'static str, Content)>,
    pub(crate) headers: Vec<&'static str>,
}

/// What an endpoint takes, what it answers, and what its handler may refuse.
pub struct About {
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) text: Option<&'static str>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<(&'static str, Content)>,
    pub(crate) answers: Vec<DescribedAnswer>,
    pub(crate) problems: Vec<(ProblemCode, &'static str)>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

impl About {
    /// `id` is the operation's name for generated clients, `tag` its chapter.
    #[must_use]
    pub fn new(id: &'static str, tag: &'static str, summary: &'static str) -> Self {
        let (parameters, answers, problems, schemas) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { id, tag, summary, text: None, parameters, body: None, answers, problems, schemas }
    }

    /// More than the summary says.
    #[must_use]
    pub fn text(self, text: &'static str) -> Self {
        Self { text: Some(text), ..self }
    }

    /// A parameter of the path.
    #[must_use]
    pub fn path<T: ToSchema>(self, name: &'static str, text: &'static str) -> Self {
        self.parameter::<T>(ParameterIn::Path, name, text)
    }

    /// A parameter of the query; an empty one counts as missing.
    #[must_use]
    pub fn query<T: ToSchema>(self, name: &'static str, text: &'static str) -> Self {
        self.parameter::<T>(ParameterIn::Query, name, text)
    }

    /// A parameter of the query that must be there.
    #[must_use]
    pub fn required_query<T: ToSchema>(mut self, name: &'static str, text: &'static str) -> Self {
        self = self.query::<T>(name, text);
        if let Some(parameter) = self.parameters.last_mut() {
            parameter.required = Required::True;
        }
        self
    }

    /// A request header.
    #[must_use]
    pub fn header<T: ToSchema>(self, name: &'static str, text: &'static str) -> Self {
        self.parameter::<T>(ParameterIn::Header, name, text)
    }

    /// The two parameters of every list.
    fn paged(self) -> Self {
        self.query::<super::schemas::Limit>("limit", "How many lines, at most; 50 unless given.")
            .query::<super::schemas::Cursor>("cursor", "The `next_cursor` of the page before.")
    }

    fn parameter<T: ToSchema>(mut self, at: ParameterIn, name: &'static str, text: &'static str) -> Self {
        T::schemas(&mut self.schemas);
        let required = if at == ParameterIn::Path { Required::True } else { Required::False };
        self.parameters.push(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(at)
                .required(required)
                .description(Some(text))
                .schema(Some(T::schema()))
                .build(),
        );
        self
    }

    /// The body, with a good one.
    #[must_use]
    pub fn body<T: RequestBody + ToSchema>(mut self, example: Value) -> Self {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.additional_properties =
                Some(Box::new(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)));
            let mut told: Vec<&str> = object.properties.keys().map(String::as_str).collect();
            let mut read = T::FIELDS.to_vec();
            told.sort_unstable();
            read.sort_unstable();
            debug_assert_eq!(told, read, "{}: the fields that are described and those that are read", self.id);
        }
        let content = self.with_schema::<T>(schema, example);
        self.body = Some(("application/json", content));
        self
    }

    /// A form, as browsers send it.
    #[must_use]
    pub fn form<T: ToSchema>(mut self, example: Value) -> Self {
        let content = self.with_schema::<T>(T::schema(), example);
        self.body = Some(("application/x-www-form-urlencoded", content));
        self
    }

    /// A body of any type, such as one that somebody else has defined.
    #[must_use]
    pub fn body_as(mut self, media_type: &'static str, schema: impl Into<RefOr<Schema>>, example: Value) -> Self {
        self.body = Some((media_type, Content::builder().schema(Some(schema)).example(Some(example)).build()));
        self
    }

    /// What we send, where others listen.
    #[must_use]
    pub fn sent<T: ToSchema>(mut self, example: Value) -> Self {
        let content = self.with_schema::<T>(T::schema(), example);
        self.body = Some(("application/json", content));
        self
    }

    /// What others answer to that, which may be anything.
    #[must_use]
    pub fn taken(mut self, status: StatusCode, text: &'static str) -> Self {
        self.answers.push(DescribedAnswer { status, text, content: None, headers: Vec::new() });
        self
    }

    /// The JSON of a 200.
    #[must_use]
    pub fn answer<T: ToSchema>(self, text: &'static str, example: Value) -> Self {
        self.answer_with::<T>(StatusCode::OK, text, example)
    }

    /// A page of a list: the envelope `P`, which has no name of its own, around lines `T`.
    #[must_use]
    pub fn page<P: ToSchema, T: ToSchema>(mut self, example: Value) -> Self {
        let name = format!("{}Page", T::name());
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        let reference = Ref::from_schema_name(&name);
        self.schemas.push((name, P::schema()));
        let content = Content::builder().schema(Some(reference)).example(Some(example)).build();
        let (status, text) = (StatusCode::OK, "A page.");
        self.answers.push(DescribedAnswer {
            status,
            text,
            content: Some(("application/json", content)),
            headers: Vec::new(),
        });
        self.paged()
    }

    /// The JSON of another status.
    #[must_use]
    pub fn answer_with<T: ToSchema>(mut self, status: StatusCode, text: &'static str, example: Value) -> Self {
        let content = self.with_schema::<T>(T::schema(), example);
        self.answers.push(DescribedAnswer {
            status,
            text,
            content: Some(("application/json", content)),
            headers: Vec::new(),
        });
        self
    }

    /// An answer of any type, such as text or events.
    #[must_use]
    pub fn answer_as(
        mut self,
        status: StatusCode,
        media_type: &'static str,
        text: &'static str,
        schema: impl Into<RefOr<Schema>>,
        example: impl Into<Value>,
    ) -> Self {
        let content = Content::builder().schema(Some(schema)).example(Some(example.into())).build();
        self.answers.push(DescribedAnswer { status, text, content: Some((media_type, content)), headers: Vec::new() });
        self
    }

    /// An answer that goes on for minutes. It has no schema: readers of the description take one for that of each event.
    #[must_use]
    pub fn answer_events(mut self, text: &'static str, example: impl Into<Value>) -> Self {
        let content = Content::builder().example(Some(example.into())).build();
        let content = Some(("text/event-stream", content));
        self.answers.push(DescribedAnswer { status: StatusCode::OK, text, content, headers: Vec::new() });
        self
    }

    /// 303 to another page.
    #[must_use]
    pub fn see_other(mut self, text: &'static str) -> Self {
        let headers = vec!["Location"];
        self.answers.push(DescribedAnswer { status: StatusCode::SEE_OTHER, text, content: None, headers });
        self
    }

    /// The answer before has this header, too; `assemble` knows it.
    #[must_use]
    pub fn with_header(mut self, name: &'static str) -> Self {
        if let Some(answer) = self.answers.last_mut() {
            answer.headers.push(name);
        }
        self
    }

    /// A problem that the handler answers, and when.
    #[must_use]
    pub fn refuses(mut self, code: ProblemCode, when: &'static str) -> Self {
        self.problems.push((code, when));
        self
    }

    /// Keeps a type's schema among the components, and refers to it.
    fn with_schema<T: ToSchema>(&mut self, schema: RefOr<Schema>, example: Value) -> Content {
        T::schemas(&mut self.schemas);
        let name = T::name().into_owned();
        let reference = Ref::from_schema_name(&name);
        self.schemas.push((name, schema));
        Content::builder().schema(Some(reference)).example(Some(example)).build()
    }
}
