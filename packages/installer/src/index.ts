// The public surface of the installer: explicit names only.
export { activateRelease, rollbackRelease } from './activate-release.js';
export type { ActivateOptions, SwitchOptions, SwitchResult } from './activate-release.js';
export { checkNeeds, findUnmetNeeds } from './check-needs.js';
export type { Durability } from './durability.js';
export { flushEvents } from './events/flush-events.js';
export { listEvents } from './events/list-events.js';
export type { EventsOverview, ListedEvent, ListedWebhook } from './events/list-events.js';
export { deliverEvents, enqueueEvents } from './events/outbox.js';
export type { DeliverOptions, DeliveryReport, ReleaseOccurrence } from './events/outbox.js';
export { testWebhook } from './events/test-webhook.js';
export type { TestOptions, TestResult } from './events/test-webhook.js';
export { localHostFacts } from './host-facts.js';
export { listPythons } from './host-python.js';
export type { PythonFacts } from './host-python.js';
export type { HostFacts, NodeFacts } from './host-facts.js';
export { NOTHING_MOVED, alreadyInstalled, installRelease } from './install-release.js';
export type { InstallOptions, InstallResult } from './install-release.js';
export type { PhasesMs } from './phase-clock.js';
export type { LinkMode } from './place-file.js';
export { installScript } from './install-script.js';
export { listReleases, rootStatus } from './root-status.js';
export type { InstalledRelease, RootStatus } from './root-status.js';
export { releaseEnvironment, runInRelease } from './run-in-release.js';
export type { RunOptions } from './run-in-release.js';
export { supervisorStatus, switchSupervised } from './serve/control-client.js';
export { servedStatus } from './serve/served-status.js';
export type { ServedStatus } from './serve/served-status.js';
export type { SupervisedSwitch, SwitchSupervisedOptions } from './serve/control-client.js';
export type { SupervisorStatus } from './serve/control-messages.js';
export { serveRoot } from './serve/serve-root.js';
export type { ServeOptions } from './serve/serve-root.js';
export { systemdUnits } from './serve/systemd-units.js';
export type { SystemdUnit, UnitOptions } from './serve/systemd-units.js';
export { verifyArtifact } from './verify-artifact.js';
export type { VerifyArtifactOptions } from './verify-artifact.js';
export { verifyRelease } from './verify-release.js';
export type { VerifiedRelease, VerifyReleaseOptions } from './verify-release.js';
export { checkNow } from './check-now.js';
export type { ProbeResult } from './health-probe.js';
export { checkActivation } from './check-activation.js';
export type { ActivationQuestion } from './check-activation.js';
export { examineRoot } from './doctor.js';
export type { Finding } from './doctor.js';
export type { HistoryLine } from './history-lines.js';
export { factsOfDocument, listFacts } from './list-facts.js';
export type { HostFactsDocument } from './list-facts.js';
export type { Recovered } from './recover.js';
export type { Environment } from './release-environment.js';
export type { RollbackPreview } from './root-status.js';
export { listHistory, showAct } from './show-history.js';
export type { HookOutput, ShownAct } from './show-history.js';
export { pinRelease, pruneReleases, recoverInstallation } from './upkeep.js';
export type {
  PinOptions,
  PruneOptions,
  Pruned,
  RecoverRootOptions,
  RecoveredRoot,
  UpkeepOptions,
} from './upkeep.js';
export type { History } from './verify-history.js';
export type { FetchPlan } from './bring-members.js';
export { hostPaths } from './host-paths.js';
export { readChannelRecord } from './trust/channel-record.js';
export { checkChannel } from './trust/check-channel.js';
export { acceptChannel, heldBack, heldError } from './trust/follow-channel.js';
export type { FollowedChannel } from './trust/follow-channel.js';
export { checkRelease } from './trust/check-release.js';
export type { ExpectedRelease } from './trust/check-release.js';
