//! How one execution is started, observed, bounded and ended. The only folder that starts processes; what the
//! processes say is their harness's business.

mod copies;
mod machine;
mod process;
mod relink;
mod side_link;
mod signals;

pub use copies::{Copies, CopiesError};
pub use machine::{cores, cpu_model, facts, machine_id};
pub use process::{Captured, Output, Process, Spawn, SpawnError};
pub use relink::{CHAINED, RECORDS, Relink, act_as_wrapper, record_name};
pub use side_link::SideLink;
pub use signals::{Interrupt, install as install_signal_handler, interrupted};
