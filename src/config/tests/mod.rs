mod layers;
mod paths;
mod project;
mod trust;
