//! What people and tools are shown: the dashboard, its events, the description, the documentation.

mod acts;
mod base_path;
mod compression;
mod dashboard;
mod dashboard_events;
mod docs;
mod finding;
mod openapi;
mod pools;
mod words;
