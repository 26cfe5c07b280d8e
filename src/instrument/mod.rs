//! How one execution is started, observed, bounded and ended. The only folder that starts processes; what the
//! processes say is their harness's business.

mod callgrind;
mod copies;
mod dhat;
mod layouts;
mod machine;
mod moved;
mod order;
mod pipe;
mod process;
mod record;
mod relink;
mod same_crate;
mod side_link;
mod signals;
mod valgrind;

pub use callgrind::{Counted, Detail, READS_CLOCK, count_whole, has_valgrind};
pub use copies::{Copies, CopiesError, Link, Making, remove_abandoned_copies};
pub use dhat::Traced;
pub use layouts::{Layouter, Layouts, units_of};
pub use machine::{cores, cpu_model, facts, hides_avx512, machine_id};
pub use moved::Moved;
pub use order::{Places, Unit};
pub use process::{Captured, Output, Process, Spawn, SpawnError};
pub use record::{CHAINED, RECORDS, act_as_wrapper, record_name};
pub use relink::Relink;
pub use same_crate::same_on_both_sides;
pub use side_link::SideLink;
pub use signals::{Interrupt, install as install_signal_handler, interrupted};
pub use valgrind::{Valgrind, name_of_libc};
