// The part of Coop's plug-in contract that this package keeps to, in our own words after Coop's documentation
// (docs/integrations/custom.md there). The package that declares it, `@roostorg/coop-types`, is not on npm.

export interface ModelCardSection {
  id: string;
  title: string;
  fields: readonly { label: string; value: string }[];
}

export interface ModelCard {
  modelName: string;
  version: string;
  releaseDate?: string;
  sections: readonly ModelCardSection[];
}

export interface ConfigurationField {
  key: string;
  label: string;
  required: boolean;
  inputType: 'text' | 'password' | 'json' | 'array';
  placeholder?: string;
  description?: string;
}

export interface IntegrationManifest {
  /** Capitals and underscores. */
  id: string;
  name: string;
  version: string;
  description: string;
  docsUrl?: string;
  requiresConfig: boolean;
  configurationFields: readonly ConfigurationField[];
  signalTypeIds: readonly string[];
  modelCard: ModelCard;
  logoPath?: string;
  logoWithBackgroundPath?: string;
}

export interface PluginSignalContext {
  integrationId: string;
  /** What an organisation has filled in for this integration; empty where it has not. */
  getCredential(orgId: string): Promise<Record<string, unknown> | undefined>;
}

export interface NumberResult {
  outputType: { scalarType: 'NUMBER' };
  score: number;
}

/** An outcome that no other try of the same input will change. */
export interface ErrorResult {
  type: 'ERROR';
  score: Error;
}

export type DisabledInfo = { disabled: false } | { disabled: true; disabledMessage: string };

export interface PluginSignalDescriptor {
  id: { type: string };
  displayName: string;
  description: string;
  docsUrl: string | null;
  recommendedThresholds: { highPrecisionThreshold: number; highRecallThreshold: number } | null;
  supportedLanguages: 'ALL';
  pricingStructure: { type: 'FREE' | 'SUBSCRIPTION' };
  eligibleInputs: readonly string[];
  outputType: { scalarType: 'NUMBER' };
  getCost(): number;
  run(input: unknown): Promise<NumberResult | ErrorResult>;
  getDisabledInfo(orgId: string): Promise<DisabledInfo>;
  needsMatchingValues: boolean;
  eligibleSubcategories: readonly never[];
  needsActionPenalties: boolean;
  integration: string;
  allowedInAutomatedRules: boolean;
}

export interface CoopIntegrationPlugin {
  manifest: IntegrationManifest;
  createSignals(context: PluginSignalContext): readonly { signalTypeId: string; signal: PluginSignalDescriptor }[];
}
