//! The machine code of functions and the data that it refers to, read from the objects that a program was linked from:
//! there, unlike in the program itself, everything that is referred to still has its name.

mod comparison;
mod content;
mod objects;

pub use comparison::Comparison;
pub use objects::{Code, NotCode, function_names};
