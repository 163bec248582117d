import { showAsk } from '../../pages/ask';

void showAsk();
