//! Generates messages and services from the published protos.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let protos = [
        "postern/code/v1/code_issuer.proto",
        "postern/code/v1/verifier.proto",
        "postern/journey/v1/journey_runner.proto",
    ];
    let descriptors = protox::compile(protos, ["../../proto"])?;
    tonic_prost_build::configure().build_client(false).compile_fds(descriptors)?;
    Ok(())
}
