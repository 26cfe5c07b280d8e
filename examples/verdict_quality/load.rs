//! Background load: processes that compute and touch memory, as a neighbour on a shared machine does.

use std::io::{self, Read};
use std::process::{Child, Command, ExitCode, Stdio};

/// Running load; it ends with this value.
pub struct Load(Vec<Child>);

impl Load {
    /// Starts `count` processes of this same program.
    pub fn start(count: usize) -> io::Result<Self> {
        let mut load = Self(Vec::new());
        for _ in 0..count {
            let program = std::env::current_exe()?;
            load.0.push(Command::new(program).arg("--spin").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended by itself needs no end.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Spins until standard input ends, which it does with the process that started this one, however that ended.
pub fn spin() -> ExitCode {
    std::thread::spawn(|| {
        let mut memory = vec![1_u64; 1 << 20];
        let mut state = 1_u64;
        loop {
            // Mostly arithmetic; now and then a line of memory.
            for _ in 0..64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            }
            let place = (state >> 44) as usize % memory.len();
            memory[place] = std::hint::black_box(memory[place] ^ state);
        }
    });
    let _ = io::stdin().read_to_end(&mut Vec::new());
    ExitCode::SUCCESS
}
