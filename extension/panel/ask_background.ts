// One question to the background, with its answer or its problem.
import { browser } from 'wxt/browser';
import { CheckProblem } from '../api/problems';
import type { Answer, Message } from '../background/messages';

/** @throws CheckProblem as the background describes it. */
export async function askBackground<Value>(message: Message): Promise<Value> {
  const answer = (await browser.runtime.sendMessage(message)) as Answer;
  if (!answer.isDone) throw new CheckProblem(answer.code, answer.detail, answer.retryAfterSeconds);
  return answer.value as Value;
}
