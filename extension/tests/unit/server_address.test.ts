import { expect, test } from 'vitest';
import { originPattern, readInvitation, readServerAddress } from '../../store/server_address';

test.each([
  ['https://ntf.example.org/', 'https://ntf.example.org'],
  [' http://127.0.0.1:8080 ', 'http://127.0.0.1:8080'],
  ['ntf.example.org', 'https://ntf.example.org'],
  ['https://a.test/ntf/?x=1#y', 'https://a.test/ntf'],
  ['', null],
  ['ftp://a.test', null],
  ['javascript:alert(1)', null],
])('%s', (typed, address) => {
  expect(readServerAddress(typed)).toBe(address);
});

test('an invitation is told from an address', () => {
  expect(readInvitation('https://a.test/ntf/invitations/t%2Fk')).toEqual({ address: 'https://a.test/ntf', token: 't/k' });
  expect(readInvitation('https://a.test/v1/invitations/abc/')).toEqual({ address: 'https://a.test', token: 'abc' });
  expect(readInvitation('https://a.test/')).toBeNull();
});

test('a permission is for one scheme and one host', () => {
  expect(originPattern('http://127.0.0.1:8080/a')).toBe('http://127.0.0.1/*');
});
