// What Coop shows of this integration. The seven sections of the model card are those that Coop insists on.
import type { IntegrationManifest, ModelCardSection } from './contract.ts';

export const INTEGRATION_ID = 'NATURAL_TRACE_FORENSICS';
export const SIGNAL_TYPE_ID = 'NTF_AI_MADE_IMAGE';
const VERSION = '0.1.0';

const sections: readonly ModelCardSection[] = [
  section('trainingData', 'Training data', {
    Overview:
      'Photographs and AI-made images of several families of generators. Which, and how many, is said in the card of ' +
      'the model that your server runs.',
    'Your decisions': 'Images are judged on your own server. Nothing is sent to the makers of the model.',
  }),
  section('policyAndTaxonomy', 'Policy and taxonomy', {
    Scope: 'One question: is this image AI-made? It knows nothing of what the image shows, nor whether a rule is broken.',
    Labels: 'likely_ai, uncertain, no_evidence, not_assessable. Never "fake", never "real".',
  }),
  section('annotationMethodology', 'Annotation methodology', {
    Method: 'Training labels come from the origin of each image, not from people who guessed.',
    'Moderators': 'A moderator\'s decision stands over the score: 0.99 for AI-made, 0.01 for a real photograph.',
  }),
  section('performanceBenchmarks', 'Performance benchmarks', {
    Figures: 'Given by generator, image size and compression in the card of the model that your server runs.',
    Threshold: 'The threshold of likely_ai is set for at most 1 % false alarms on calibration images, and misses most AI-made images.',
  }),
  section('biasAndLimitations', 'Bias and limitations', {
    Limits: 'Small or heavily compressed images, screenshots, drawings and heavily edited photographs are judged badly or not at all.',
    'False alarms': 'Real photographs are sometimes called AI-made. The score is for a review by a person, never for a removal by itself.',
  }),
  section('implementationGuidance', 'Implementation guidance', {
    Score: 'A calibrated probability from 0.01 to 0.99. Queue for review above a threshold; begin with the recommended ones.',
    Time: 'Answers in under 5 seconds, or throws: then the condition has no outcome, and the check goes on for the next run.',
    'Not judged': 'An image that cannot be judged gives a permanent error, not a low score.',
  }),
  section('relevantLinks', 'Relevant links', {
    'Model card': 'docs/model-card.md of the server\'s version, and GET /v1/models of your own server',
    'This plug-in': 'docs/integrations/coop.md',
  }),
];

export const manifest: IntegrationManifest = {
  id: INTEGRATION_ID,
  name: 'Natural Trace Forensics',
  version: VERSION,
  description: 'How likely an image is AI-made, by your own server.',
  requiresConfig: true,
  configurationFields: [
    {
      key: 'address',
      label: 'Address of your server',
      required: true,
      inputType: 'text',
      placeholder: 'https://ntf.example.org',
    },
    {
      key: 'apiKey',
      label: 'API key',
      required: true,
      inputType: 'password',
      description: 'A key with the role integration, made on your server by `ntf admin`.',
    },
    {
      key: 'whenAway',
      label: 'When the server does not answer in time',
      required: false,
      inputType: 'text',
      placeholder: 'pass',
      description: 'pass (the default): the condition has no outcome. review: a score of 0.99, so that a person looks.',
    },
  ],
  signalTypeIds: [SIGNAL_TYPE_ID],
  modelCard: { modelName: 'Natural Trace Forensics', version: VERSION, releaseDate: 'November 2026', sections },
};

function section(id: string, title: string, fields: Record<string, string>): ModelCardSection {
  return { id, title, fields: Object.entries(fields).map(([label, value]) => ({ label, value })) };
}
