//! What is written of a verdict, in each format.

mod comments;
mod documents;
mod goldens;
mod hostile;
mod html;
mod openmetrics;
mod terminal;
