import { showHistory } from '../../pages/history';

void showHistory();
