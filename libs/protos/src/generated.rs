//! The code that `build.rs` generates, in modules nested as the packages are.

/// Codes: `CodeIssuerService`, `VerifierService`.
pub mod code {
    /// Package `postern.code.v1`.
    pub mod v1 {
        tonic::include_proto!("postern.code.v1");
        tonic::include_proto!("postern.code.v1.secrets");
    }
}

/// The desk: `DeskService`.
pub mod desk {
    /// Package `postern.desk.v1`.
    pub mod v1 {
        tonic::include_proto!("postern.desk.v1");
        tonic::include_proto!("postern.desk.v1.secrets");
    }
}

/// The integrator's directory of users: `DirectoryService`.
pub mod directory {
    /// Package `postern.directory.v1`.
    pub mod v1 {
        tonic::include_proto!("postern.directory.v1");
        tonic::include_proto!("postern.directory.v1.secrets");
    }
}

/// Journeys: `JourneyRunnerService`.
pub mod journey {
    /// Package `postern.journey.v1`.
    pub mod v1 {
        tonic::include_proto!("postern.journey.v1");
        tonic::include_proto!("postern.journey.v1.secrets");
    }
}

#[cfg(test)]
mod tests;
