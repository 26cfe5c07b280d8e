//! What one execution cost, by function, line and stack, and what it allocated: read from what tools that count write, added
//! up, and held side by side. Which part of an execution was counted is its harness's business.

mod allocations;
mod allocator;
mod callgrind;
mod changes;
mod function;
mod path;
mod sites;
mod stacks;

pub use allocations::{Allocated, AllocationTrace};
pub use callgrind::{NotCallgrind, Symbol, read_callgrind, read_closely, read_symbols};
pub use changes::{FunctionChange, changes};
pub use function::{Cost, Function, Lines, Place, Profile};
pub use path::{crate_and_module, short_file};
pub use sites::{Site, SiteChange, Sites, of_one_call, read_sites, site_changes};
pub use stacks::{Stacks, stacks};
