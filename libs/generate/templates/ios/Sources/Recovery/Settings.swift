import PosternIdo

/// Both are public.
private let clientId = "{{ client }}"
private let server = "{{ server }}"

/// Is called once, before the first journey.
@MainActor
func initializeTSIdo() {
    TSIdo.initialize(clientId: clientId, options: TSIdoInitOptions(serverPath: server + "/ido"))
}
