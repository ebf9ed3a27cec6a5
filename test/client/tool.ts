/** The one tool that the scripts call, as the Responses API wants it told. */

export const levelTool = {
  type: 'function' as const,
  name: 'level',
  description: 'The water level of a reservoir, over some days.',
  parameters: {
    type: 'object',
    properties: { place: { type: 'string' }, days: { type: 'integer' } },
    required: ['place', 'days'],
    additionalProperties: false,
  },
  strict: true,
};
