//! The two calls to the system that Rust cannot promise to be safe, each behind a function that is.
//!
//! Invariant: there is no other unsafe code in this repository; the lints of every other crate forbid it.
//! How to get it wrong: a third function for convenience. Look for a well-kept crate first.

use std::process::Command;

/// Gives memory that is free back to the system. It takes milliseconds, tens of them when much is free, and holds the
/// allocator's locks meanwhile. Does nothing where the C library is not glibc.
pub fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: it takes no pointer, may be called at any time from any thread, and touches free memory only.
        #[allow(unsafe_code)]
        unsafe {
            libc::malloc_trim(0)
        };
    }
}

/// Lets the system kill what `command` starts as soon as this process has ended, however that happens. On Linux; does
/// nothing elsewhere.
pub fn end_with_this_process(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt as _;

        use nix::sys::prctl::set_pdeathsig;
        use nix::sys::signal::Signal;
        use nix::unistd::getppid;

        let parent = nix::unistd::getpid();
        // SAFETY: between fork and exec this makes two system calls and allocates nothing.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(move || {
                set_pdeathsig(Signal::SIGKILL)?;
                // Had the parent died before that call, its signal would never come.
                if getppid() == parent { Ok(()) } else { Err(std::io::ErrorKind::NotFound.into()) }
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_may_be_given_back_at_any_time() {
        let held: Vec<u8> = vec![1; 1 << 20];
        give_memory_back();
        assert!(held.iter().all(|byte| *byte == 1));
    }

    #[test]
    fn what_is_started_runs() {
        let mut command = Command::new("true");
        end_with_this_process(&mut command);
        assert!(command.status().expect("`true` starts").success());
    }
}
