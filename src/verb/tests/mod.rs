mod bar;
mod complete;
mod kit;
mod parse;
mod run;
mod schema;
mod told;
mod wrong;
